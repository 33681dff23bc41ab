//! What a format printed is read back as it was, or is disputed.
#![no_main]

use accesslog::{Format, Reader, Value};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Program {
    head: Literal,
    fields: Vec<(Printed, Literal)>,
}

#[derive(Debug, Arbitrary)]
enum Literal {
    None,
    Space,
    Quotes,
    Bar,
    Key,
    Dash,
}

#[derive(Debug, Arbitrary)]
enum Printed {
    Client(Vec<u8>),
    Cut(Vec<u8>, u8),
    Absent,
    Code(u16),
    Duration(Option<u32>),
    Flags(u8),
    Time(u32),
    Address([u8; 4], u16),
    Socket(String),
    Method(bool),
}

impl Literal {
    fn text(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Space => " ",
            Self::Quotes => "\" \"",
            Self::Bar => "|",
            Self::Key => " k=",
            Self::Dash => "-",
        }
    }
}

fn client(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|&byte| byte != b'\n').collect()
}

impl Printed {
    /// The operator and what it printed.
    fn text(&self) -> (String, Vec<u8>) {
        let (operator, text) = match self {
            Self::Client(bytes) => ("%REQ(X-A)%", client(bytes)),
            Self::Cut(bytes, most) => {
                let mut text = client(bytes);
                text.truncate(usize::from(*most));
                return (format!("%REQ(X-A):{most}%"), text);
            }
            Self::Absent => ("%REQ(X-B)%", b"-".to_vec()),
            Self::Code(code) => ("%RESPONSE_CODE%", (code % 600).to_string().into_bytes()),
            Self::Duration(ms) => {
                ("%DURATION%", ms.map_or("-".to_owned(), |ms| ms.to_string()).into_bytes())
            }
            Self::Flags(bits) => {
                let flags: Vec<_> = ["UF", "URX", "DC"]
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| bits & (1 << at) != 0)
                    .map(|(_, flag)| *flag)
                    .collect();
                let text = if flags.is_empty() { "-".to_owned() } else { flags.join(",") };
                ("%RESPONSE_FLAGS%", text.into_bytes())
            }
            Self::Time(seconds) => ("%START_TIME(%s)%", seconds.to_string().into_bytes()),
            Self::Address([a, b, c, d], port) => {
                ("%UPSTREAM_HOST%", format!("{a}.{b}.{c}.{d}:{port}").into_bytes())
            }
            Self::Socket(name) => {
                let name = name.replace('\n', "");
                ("%DOWNSTREAM_LOCAL_ADDRESS%", format!("/{name}").into_bytes())
            }
            Self::Method(get) => {
                ("%REQ(:METHOD)%", if *get { b"GET".to_vec() } else { b"-".to_vec() })
            }
        };
        (operator.to_owned(), text)
    }
}

fuzz_target!(|program: Program| {
    let mut format = program.head.text().to_owned();
    let mut line = format.clone().into_bytes();
    let mut texts = Vec::new();
    for (printed, literal) in program.fields.iter().take(24) {
        let (operator, text) = printed.text();
        format.push_str(&operator);
        format.push_str(literal.text());
        line.extend_from_slice(&text);
        line.extend_from_slice(literal.text().as_bytes());
        texts.push(text);
    }
    let format = Format::compile(&format).expect("operators and literals are a format");
    let mut reader = Reader::new(format.into());
    let record = reader.read(&line).expect("a line of its own format has a reading");
    for (index, text) in texts.iter().enumerate() {
        if record.is_disputed(index) {
            continue;
        }
        match record.value(index) {
            Value::Absent => assert_eq!(text, b"-"),
            value => assert_eq!(value.to_bytes().as_deref(), Some(text.as_slice())),
        }
    }
});
