//! Colour: written only where it was found to be wanted, so that it never carries meaning alone.

use anstyle::{AnsiColor, Style};

/// Styles text, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();

impl Paint {
    /// A paint that colours, or one that does not.
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    /// The paint for standard output, by what it is and by `NO_COLOR` and its relatives.
    pub(crate) fn stdout() -> Self {
        Self::new(anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never)
    }

    /// The paint for standard error.
    pub(crate) fn stderr() -> Self {
        Self::new(anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never)
    }

    /// Whether this paint colours.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// Appends what `write` appends, in a style.
    pub(crate) fn write(self, style: Style, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.on {
            out.extend_from_slice(style.render().to_string().as_bytes());
            write(out);
            out.extend_from_slice(style.render_reset().to_string().as_bytes());
        } else {
            write(out);
        }
    }

    /// The text in a style.
    pub(crate) fn text(self, style: Style, text: &str) -> String {
        if self.on {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}
