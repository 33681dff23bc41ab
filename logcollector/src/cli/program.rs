//! The name under which users call this program: its own, or that of the plugin of kubectl.

use std::path::Path;
use std::sync::OnceLock;

use clap::Command;

/// The program's own name.
const OWN: &str = "logcollector";
/// The name of the file by which kubectl finds a plugin.
const PLUGIN_FILE: &str = "kubectl-accesslog";
/// What users of the plugin type.
const PLUGIN: &str = "kubectl accesslog";

/// Whether this process was started as kubectl's plugin.
fn is_plugin() -> bool {
    static PLUGGED: OnceLock<bool> = OnceLock::new();
    *PLUGGED.get_or_init(|| {
        let called = std::env::args_os().next().unwrap_or_default();
        Path::new(&called).file_stem().is_some_and(|name| name == PLUGIN_FILE)
    })
}

/// A text with commands in it, such as `logcollector tail`, as users type them.
pub(crate) fn as_typed(text: String) -> String {
    if is_plugin() { text.replace(&format!("{OWN} "), &format!("{PLUGIN} ")) } else { text }
}

/// A command line under the name that users type.
pub(super) fn named(command: Command) -> Command {
    if is_plugin() { renamed(command.name(PLUGIN_FILE).bin_name(PLUGIN)) } else { command }
}

fn renamed(mut command: Command) -> Command {
    if let Some(text) = command.get_after_help() {
        let text = as_typed(text.to_string());
        command = command.after_help(text);
    }
    command = command.mut_args(|argument| {
        let long = argument.get_long_help().map(|text| as_typed(text.to_string()));
        let argument = match long {
            Some(text) => argument.long_help(text),
            None => argument,
        };
        match argument.get_help().map(|text| as_typed(text.to_string())) {
            Some(text) => argument.help(text),
            None => argument,
        }
    });
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, renamed))
}
