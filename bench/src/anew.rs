//! Having a file in the page cache in a way that is the same each time.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::fs::{Advice, fadvise};

use crate::Result;

/// How much is read at a time.
const BLOCK: usize = 1 << 20;

/// Drops a file from the page cache and reads it from its start.
///
/// Reading costs more or less, up to the double, by the size of the portions in which the kernel keeps a
/// file, and that depends on how the file was written or read first.
pub(crate) fn read_anew(path: &Path) -> Result<()> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    let mut block = vec![0; BLOCK];
    while file.read(&mut block)? > 0 {}
    Ok(())
}
