//! Whether suites that need namespaces of the kernel are to run.

/// Whether the user has said with `SKIP_NETNS=1` that this machine has no namespaces; says so.
pub fn are_skipped() -> bool {
    let skipped = std::env::var_os("SKIP_NETNS").is_some_and(|skip| skip == "1");
    if skipped {
        println!("NOT RUN: SKIP_NETNS=1, so no namespaces");
    }
    skipped
}
