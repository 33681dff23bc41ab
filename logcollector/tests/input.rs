//! Hostile and broken input: what is said, and the exit code.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};

const LINE: &str = r#"[2026-11-20T12:48:45.922Z] "GET /a HTTP/1.1" 200 - 0 5 7 6 "-" "curl" "id" "a" "10.0.0.1:80""#;

fn spawn(args: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("logcollector"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs with `input` on standard input.
fn run(args: &[&str], input: Vec<u8>) -> Output {
    let mut child = spawn(args);
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // A program that ends early closes the pipe.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const NOTHING: &str = "0 lines read: 0 records, 0 ambiguous, \
    0 other log (Envoy 0, agent 0, kubectl 0), 0 unparsed, 0 oversized, 0 left out by a filter\n";

#[test]
fn empty_input() {
    for command in ["parse", "tail"] {
        let output = run(&[command], Vec::new());
        assert_eq!(stderr(&output), NOTHING, "{command}");
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(output.stdout.is_empty(), "{command}");
    }
}

#[test]
fn what_a_pipe_holds_is_printed_at_once() {
    let mut child = spawn(&["parse", "-o", "raw", "--format", "envoy"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    for _ in 0..3 {
        stdin.write_all(format!("{LINE}\n").as_bytes()).unwrap();
        let mut line = vec![0; LINE.len() + 1];
        stdout.read_exact(&mut line).unwrap();
        assert_eq!(line, format!("{LINE}\n").as_bytes());
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn all_of_a_busy_pipe_is_printed_when_it_pauses() {
    let mut child = spawn(&["parse", "-o", "raw", "--format", "envoy"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let much = format!("{LINE}\n").repeat(20_000);
    for text in [much.clone(), much.clone(), format!("{LINE}\n"), much] {
        let written = text.clone();
        let writer = std::thread::spawn(move || {
            stdin.write_all(written.as_bytes()).unwrap();
            stdin
        });
        let mut printed = vec![0; text.len()];
        stdout.read_exact(&mut printed).unwrap();
        assert!(printed == text.as_bytes());
        stdin = writer.join().unwrap();
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn chosen_columns_have_a_header_without_records() {
    for (output, header) in [("csv", "path,ambiguous\r\n"), ("table", "PATH  AMBIGUOUS\n")] {
        for command in ["parse", "tail"] {
            let output = run(&[command, "-o", output, "--fields", "path"], Vec::new());
            assert_eq!(String::from_utf8_lossy(&output.stdout), header, "{command}");
        }
    }
    for output in ["csv", "table"] {
        assert_eq!(run(&["parse", "-o", output], Vec::new()).stdout, b"");
    }
}

#[test]
fn a_dispute_is_told_once_with_chosen_fields() {
    let input = LINE.replace("curl", "curl\" \"id\" \"b").into_bytes();
    let output = run(&["parse", "-o", "pretty", "--fields", "path,user_agent"], input.clone());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown.matches("ambiguous").count(), 1, "{shown}");
    let output = run(&["parse", "-o", "pretty", "--fields", "path"], input);
    assert_eq!(output.stdout, b"path=/a\n");
}

#[test]
fn pretty_quotes_alike_with_and_without_chosen_fields() {
    let input = br#"{"start_time":"2026-11-20T12:48:45.922Z","tenant":"a \"b\\","level":"","x y":"\u001b"}"#;
    let format = r#"{"start_time":"%START_TIME%","tenant":"%REQ(X-TENANT)%","level":"%REQ(X-LEVEL)%","x y":"%REQ(X-Y)%"}"#;
    let args = ["parse", "-o", "pretty", "--encoding", "json", "--format", format];
    let all = run(&args, input.to_vec()).stdout;
    let fields = [&args[..], &["--fields", "start_time,tenant,level,x y"]].concat();
    assert_eq!(
        String::from_utf8_lossy(&all),
        String::from_utf8_lossy(&run(&fields, input.to_vec()).stdout)
    );
    assert_eq!(
        String::from_utf8_lossy(&all),
        "start_time=2026-11-20T12:48:45.922Z tenant=\"a \\\"b\\\\\" level=\"\" x_y=\"\\u001b\"\n"
    );
}

#[test]
fn a_key_that_is_called_ambiguous() {
    let input = br#"{"start_time":"2026-11-20T12:48:45.922Z","method":"GET","path":"/","response_code":200,"ambiguous":"mine"}"#;
    let output = run(&["parse", "-o", "logfmt"], input.to_vec());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "start_time=2026-11-20T12:48:45.922Z method=GET path=/ response_code=200 ambiguous=mine\n"
    );
}

#[test]
fn extra_fields_can_be_told_apart() {
    let input = format!("{LINE} 3 \"foo bar\"\n").into_bytes();
    let shown = |output| {
        let args = ["parse", "-o", output, "--fields", "path,extra"];
        String::from_utf8(run(&args, input.clone()).stdout).unwrap()
    };
    assert_eq!(shown("logfmt"), "path=/a extra=\"[\\\"3\\\",\\\"foo bar\\\"]\"\n");
    assert_eq!(shown("csv"), "path,extra,ambiguous\r\n/a,\"[\"\"3\"\",\"\"foo bar\"\"]\",\r\n");
}

#[cfg(unix)]
#[test]
fn closed_standard_input() {
    for command in ["parse", "tail"] {
        let script = format!("{:?} {command} <&-", assert_cmd::cargo::cargo_bin("logcollector"));
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(stderr(&output), NOTHING, "{command}");
        assert_eq!(output.status.code(), Some(0), "{command}");
    }
}

#[test]
fn a_line_of_100_mib_is_skipped() {
    let mut input = format!("{LINE}\n").into_bytes();
    input.resize(input.len() + (100 << 20), b'x');
    input.extend_from_slice(format!("\n{LINE}\n").as_bytes());
    for command in ["parse", "tail"] {
        let output = run(&[command, "-o", "none"], input.clone());
        let said = stderr(&output);
        assert!(said.contains("3 lines read: 2 records, "), "{said}");
        assert!(said.contains(" 0 unparsed, 1 oversized, "), "{said}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn binary_input_is_counted_and_nothing_of_it_gets_through() {
    let mut input: Vec<u8> = (0..=255).cycle().take(4096).collect();
    input.extend_from_slice(b"\n\x1b]0;owned\x07\x1b[2J\n");
    for output in ["pretty", "json", "csv", "none"] {
        let output = run(&["parse", "-o", output, "--other", "show"], input.clone());
        let said = stderr(&output);
        assert!(said.contains(" lines read: 0 records, "), "{said}");
        let shown = [output.stdout.as_slice(), said.as_bytes()].concat();
        let raw = shown.iter().find(|byte| byte.is_ascii_control() && **byte != b'\n');
        assert_eq!(raw, None, "{said}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn closed_standard_output_ends_quietly() {
    for command in ["parse", "tail"] {
        let mut child = spawn(&[command]);
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let writer = std::thread::spawn(move || {
            let lines = format!("{LINE}\n").repeat(1000);
            while stdin.write_all(lines.as_bytes()).is_ok() {}
        });
        let mut some = [0; 100];
        stdout.read_exact(&mut some).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let said = stderr(&output);
        assert_eq!(said, "stdin: format envoy\n");
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
}

#[test]
fn compressed_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{LINE}\n").repeat(3);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let cut = gzip[..gzip.len() - 5].to_vec();
    for (name, bytes) in [("a", &gzip), ("b", &zstd), ("cut.gz", &cut)] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let output = run(&["parse", "-o", "none", &path("a"), &path("b")], Vec::new());
    assert!(stderr(&output).contains("6 lines read: 6 records, "), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
    let output = run(&["parse", "-o", "none", &path("cut.gz"), &path("b")], Vec::new());
    assert!(stderr(&output).contains("error: "), "{}", stderr(&output));
    assert!(stderr(&output).contains("6 lines read: 6 records, "), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn strict_is_content_with_other_logs_but_not_with_unparsed_lines() {
    let notice = "Defaulted container \"istio-proxy\" out of: istio-proxy, app";
    let clean = format!("{notice}\n{LINE}\n").into_bytes();
    assert_eq!(run(&["parse", "--strict"], clean).status.code(), Some(0));
    let unparsed = format!("{LINE}\nwhat\n").into_bytes();
    assert_eq!(run(&["parse", "--strict"], unparsed.clone()).status.code(), Some(1));
    assert_eq!(run(&["parse"], unparsed).status.code(), Some(0));
}

#[test]
fn the_format_suggested_for_extra_fields_can_be_pasted() {
    let input = format!("{LINE} 3\n").into_bytes();
    let output = run(&["parse"], input.clone());
    let said = stderr(&output);
    let format = said.split("--format '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let again = run(&["parse", "--format", format], input);
    assert_eq!(output.stdout, again.stdout);
    let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record["upstream_request_attempt_count"], 3);
}

#[test]
fn fields_of_our_filter_are_noticed_when_they_turn_up() {
    let added = [" 3 a=503/1ms;b=200/2ms {\"x\":1}", " 2 c=200/1ms", " {\"x\":2}", " d=-/3ms {}"];
    for added in added {
        let fixture = std::fs::read_to_string("../tests/fixtures/preset-istio.log").unwrap();
        let line = fixture.lines().next().unwrap();
        let input = format!("{line}\n{line}{added}\n").into_bytes();
        let output = run(&["parse", "--fields", "route_name,attempts,added"], input);
        let lines: Vec<_> = output.stdout.split(|byte| *byte == b'\n').collect();
        let record: serde_json::Value = serde_json::from_slice(lines[1]).unwrap();
        assert_eq!(record["route_name"], "default");
        assert_eq!(record.get("attempts").is_some(), added.contains("ms"));
        assert_eq!(record.get("added").is_some(), added.contains('{'));
        assert!(stderr(&output).contains("from line 2 on format istio plus "), "{added}");
    }
}

#[test]
fn a_format_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("format.txt");
    std::fs::write(&path, "%RESPONSE_CODE% %DURATION%\n").unwrap();
    let format = format!("@{}", path.display());
    let output = run(&["parse", "--format", &format], b"200 7\n".to_vec());
    assert_eq!(output.stdout, b"{\"response_code\":200,\"duration\":7}\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn manual_pages_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["man", "--dir", folder.path().to_str().unwrap()], Vec::new());
    assert_eq!(output.status.code(), Some(0));
    for page in ["logcollector.1", "logcollector-parse.1", "logcollector-format-show.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
        assert!(text.contains(".SH \"EXIT STATUS\"\n.TP\n.B 0\n"), "{page}");
    }
    assert!(run(&["man"], Vec::new()).stdout.starts_with(b".ie"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell], Vec::new()).stdout;
        assert!(String::from_utf8(script).unwrap().contains("logcollector"), "{shell}");
    }
}

/// More than a few blocks, with other logs between the records, wrapped after a while.
fn long() -> Vec<u8> {
    let mut input = String::new();
    for number in 0..20_000 {
        let line = LINE.replace("/a", &format!("/{number}"));
        match number {
            _ if number % 1000 == 7 => {
                input.push_str("[2026-11-20 07:46:40.649][7][info][main] x\n")
            }
            _ if number % 1500 == 8 => input.push_str("what\n"),
            10_000.. => {
                input.push_str(&format!("2026-11-20T12:00:00.123456789Z stdout F {line}\n"));
            }
            _ => input.push_str(&format!("{line}\n")),
        }
    }
    input.into_bytes()
}

#[cfg(target_os = "linux")]
#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = long();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&input).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(input.as_slice(), 1).unwrap();
    let binary = assert_cmd::cargo::cargo_bin("logcollector");
    for (name, content) in [("plain", input), ("gzip", gzip), ("zstd", zstd)] {
        let path = folder.path().join(name);
        std::fs::write(&path, &content).unwrap();
        for output in ["json", "raw", "csv"] {
            let args = ["parse", "-o", output, "--other", "show"];
            let run_on = |threads: &str, file: &str| {
                let script = format!("{binary:?} {} {file}", args.join(" "));
                let limited = format!("taskset -c {threads} {script}");
                let command = if threads.is_empty() { script } else { limited };
                Command::new("sh").args(["-c", &command]).output().unwrap()
            };
            let one = run_on("0", path.to_str().unwrap());
            assert_eq!(one.status.code(), Some(0), "{}", stderr(&one));
            let all = run_on("", path.to_str().unwrap());
            let redirected = run_on("", &format!("< {path:?}"));
            let piped = run(&args, content.clone());
            let records = if output == "csv" { 19_967 } else { 19_966 };
            assert_eq!(one.stdout.iter().filter(|&&byte| byte == b'\n').count(), records);
            for (way, other) in [("all", &all), ("redirected", &redirected), ("piped", &piped)] {
                assert!(other.stdout == one.stdout, "{name} {output} {way}");
                let said = stderr(other).replace("stdin", path.to_str().unwrap());
                assert_eq!(said, stderr(&one), "{name} {output} {way}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_fails_ends_a_long_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.log");
    std::fs::write(&path, long()).unwrap();
    let binary = assert_cmd::cargo::cargo_bin("logcollector");
    let run = |rest: &str| {
        let script = format!("{binary:?} parse -o json {path:?} {rest}");
        Command::new("sh").args(["-c", &script]).output().unwrap()
    };
    let closed = run("| head -n 1");
    assert_eq!(closed.stdout.iter().filter(|&&byte| byte == b'\n').count(), 1);
    assert_eq!(stderr(&closed).lines().count(), 1, "the format, and no account");
    let full = run("> /dev/full");
    assert_eq!(full.status.code(), Some(2));
    assert!(stderr(&full).contains("No space left on device"), "{}", stderr(&full));
    let refused = run("--where 'request.headers[\"x\"] == \"a\"'");
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}
