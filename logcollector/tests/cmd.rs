//! What users meet at the command line: help, mistakes, bad input; each with its exit code.

#[test]
fn command_line() {
    trycmd::TestCases::new()
        .env("KUBECONFIG", "no-kubeconfig")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("tests/cmd/*.trycmd");
}
