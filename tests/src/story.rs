//! The story of `docs/troubleshooting.md`: its cluster, its logs, and the blocks of the page.
//!
//! [`page`] takes the page apart, [`situation`] makes the cluster that a block is about, [`play`] runs
//! the block's commands in it, and [`logs`] has made the access logs that come.

pub mod logs;
pub mod page;
pub mod play;
pub mod situation;
