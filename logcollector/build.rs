//! Puts the modules of the filter into the binary, where they were built.
//!
//! They are looked for in `LOGCOLLECTOR_FILTER_DIR`, where they then have to be, else in the folder
//! `filter` of the target folder, where `make filter` writes them. Without them the build goes on, and
//! `filter manifest` says what to run.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The constants and the modules that they hold.
const MODULES: [(&str, &str); 2] = [
    ("ATTEMPTS", "logcollector_filter_attempts.wasm"),
    ("ACCESS_LOG", "logcollector_filter_access_log.wasm"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let asked = env::var_os("LOGCOLLECTOR_FILTER_DIR").map(PathBuf::from);
    let folder = asked.clone().unwrap_or_else(built);
    watch(&folder, asked.is_none())?;
    let mut text = String::new();
    for (name, file) in MODULES {
        let module = module(&folder.join(file), asked.is_some())?;
        writeln!(text, "const {name}: Option<&[u8]> = {module};")?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("filter_modules.rs"), text)?;
    Ok(())
}

/// Has cargo run this again when a module changes, or comes to be.
fn watch(folder: &Path, ours: bool) -> io::Result<()> {
    let mut instructions = "cargo:rerun-if-changed=build.rs\n\
                            cargo:rerun-if-env-changed=LOGCOLLECTOR_FILTER_DIR\n\
                            cargo:rerun-if-env-changed=CARGO_TARGET_DIR\n"
        .to_owned();
    let modules = MODULES.map(|(_, file)| folder.join(file));
    if modules.iter().all(|module| module.is_file()) {
        // Not the folder: what builds the modules has thousands of files in it.
        for module in modules {
            instructions.push_str(&format!("cargo:rerun-if-changed={}\n", module.display()));
        }
    } else {
        if ours {
            // What is not there cannot be watched: every build would be anew. A folder that cannot be
            // made is none to find modules in.
            let _ = fs::create_dir_all(folder);
        }
        instructions.push_str(&format!("cargo:rerun-if-changed={}\n", folder.display()));
    }
    io::stdout().write_all(instructions.as_bytes())
}

/// Where `make filter` writes.
fn built() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into())).join("filter")
}

/// The expression for a module.
fn module(path: &Path, needed: bool) -> Result<String, Box<dyn Error>> {
    if path.is_file() {
        return Ok(format!("Some(include_bytes!({:?}))", path.canonicalize()?));
    }
    if needed {
        return Err(format!("LOGCOLLECTOR_FILTER_DIR: no module {}", path.display()).into());
    }
    Ok("None".to_owned())
}
