//! The variants: what each Envoy has in its filter chains, and what it may cost.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config;
use super::envoy::Envoy;
use super::load::Load;
use super::{Result, Route};

/// What one Envoy runs.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) name: String,
    /// HTTP filters before the router.
    pub(crate) downstream: Vec<Value>,
    /// HTTP filters before the upstream codec.
    pub(crate) upstream: Vec<Value>,
    /// What the log prints behind the status code.
    pub(crate) format: String,
    /// How the value begins that stands there for a request that is not retried.
    expected: String,
    pub(crate) goal: Option<Goal>,
    /// Whether others are compared with it.
    pub(crate) is_base: bool,
    /// Whether responses tell how many attempts there were.
    pub(crate) attempt_header: bool,
}

/// What a variant may cost above no filter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    /// So many times what the floor costs.
    pub(crate) floors: f64,
    /// And no more than the Lua script.
    pub(crate) below_lua: bool,
}

/// Names that the table looks for.
pub(crate) const NONE: &str = "no filter";
pub(crate) const FLOOR: &str = "floor";
pub(crate) const LUA: &str = "Lua";

/// Where the modules are.
#[derive(Debug)]
pub(crate) struct Modules {
    /// Modules without any logic, which cost what cannot be saved.
    by_hand: ByHand,
    /// What stands behind the names of variants, and the modules of the two roles.
    builds: Vec<(String, PathBuf, PathBuf)>,
}

/// Modules that are written by hand: they make the same calls as the filter, and set a constant.
#[derive(Debug)]
struct ByHand {
    floor: PathBuf,
    one_field: PathBuf,
    eight_fields: PathBuf,
    attempts: PathBuf,
}

const ONE_FIELD: &str = r#"{"access_log":{"fields":{"retry":"retry"}}}"#;
const EIGHT_FIELDS: &str = r#"{"access_log":{"fields":{
    "route": "xds.route_name",
    "cluster": "xds.cluster_name",
    "path": {"value": "request.path", "redact": {"query_parameters": ["token"]}},
    "tenant": "request.headers['x-tenant']",
    "details": "response.code_details",
    "upstream": "upstream.address",
    "duration_ms": "request.duration",
    "retry": "retry"
}}}"#;
const LUA_SCRIPT: &str = include_str!("lua.lua");
const ACCESS_LOG: &str = "%FILTER_STATE(wasm.access_log:PLAIN)%";
const ATTEMPTS: &str = "%FILTER_STATE(wasm.upstream_attempts:PLAIN)%";

/// All variants.
pub(crate) fn all(modules: &Modules) -> Vec<Variant> {
    let base = |name, downstream, format, expected| Variant {
        is_base: true,
        ..Variant::new(name, downstream, format, expected)
    };
    let by_hand = |module| vec![config::wasm(module, "{}")];
    let ByHand { floor, one_field, eight_fields, attempts } = &modules.by_hand;
    let mut variants = vec![
        base(NONE, vec![], "-", "-"),
        base(FLOOR, by_hand(floor), "%FILTER_STATE(wasm.floor:PLAIN)%", "\u{1}\0"),
        Variant::new("by hand, 1 field", by_hand(one_field), ACCESS_LOG, ONE_VALUE),
        Variant::new("by hand, 8 fields", by_hand(eight_fields), ACCESS_LOG, EIGHT_VALUES),
        Variant {
            upstream: by_hand(attempts),
            ..Variant::new("by hand, attempts", vec![], ATTEMPTS, ONE_ATTEMPT)
        },
    ];
    for (suffix, access_log, attempts) in &modules.builds {
        let log = |config| vec![config::wasm(access_log, config)];
        let upstream = || vec![config::wasm(attempts, "{}")];
        let goal = |floors, below_lua| Some(Goal { floors, below_lua });
        let named = |name: &str| format!("{name}{suffix}");
        variants.extend([
            Variant {
                goal: goal(1.2, true),
                ..Variant::new(&named("access_log, 1 field"), log(ONE_FIELD), ACCESS_LOG, ONE_VALUE)
            },
            Variant {
                goal: goal(2.5, false),
                ..Variant::new(
                    &named("access_log, 8 fields"),
                    log(EIGHT_FIELDS),
                    ACCESS_LOG,
                    EIGHT_VALUES,
                )
            },
            Variant {
                upstream: upstream(),
                goal: goal(1.5, false),
                ..Variant::new(&named("attempts"), vec![], ATTEMPTS, ONE_ATTEMPT)
            },
            Variant {
                upstream: upstream(),
                goal: goal(2.2, false),
                ..Variant::new(
                    &named("both, 1 field"),
                    log(ONE_FIELD),
                    &format!("{ATTEMPTS} {ACCESS_LOG}"),
                    ONE_ATTEMPT,
                )
            },
        ]);
    }
    variants.push(Variant::new(
        "native operator",
        vec![],
        "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "1\n",
    ));
    variants.push(Variant {
        attempt_header: true,
        ..base(
            LUA,
            vec![config::lua(LUA_SCRIPT)],
            "%DYNAMIC_METADATA(logcollector:retry)%",
            "none\n",
        )
    });
    variants
}

const ONE_VALUE: &str = "{\"retry\":\"none\"}\n";
const EIGHT_VALUES: &str = "{\"route\":\"all\",\"cluster\":\"upstream\",\
    \"path\":\"/proxied?item=17&token=[redacted]\",\"tenant\":\"acme\",\
    \"details\":\"via_upstream\",\"upstream\":\"127.0.0.1:";
const ONE_ATTEMPT: &str = "127.0.0.1:";

impl Variant {
    fn new(name: &str, downstream: Vec<Value>, format: &str, expected: &str) -> Self {
        Self {
            name: name.to_owned(),
            downstream,
            upstream: Vec::new(),
            format: format.to_owned(),
            expected: expected.to_owned(),
            goal: None,
            is_base: false,
            attempt_header: false,
        }
    }

    /// Whether the variant does anything for requests of this route.
    pub(crate) fn takes(&self, route: Route) -> bool {
        route == Route::Proxied || self.upstream.is_empty()
    }

    /// The name as that of a folder.
    pub(crate) fn file_name(&self) -> String {
        self.name.replace(|char: char| !char.is_ascii_alphanumeric(), "_")
    }

    /// Sends one request through an Envoy of its own, and fails unless the log tells the value.
    pub(crate) fn check(&self, binary: &Path, upstream: SocketAddr, dir: &Path) -> Result<()> {
        let dir = dir.join(format!("{}.check", self.file_name()));
        fs::create_dir_all(&dir)?;
        let log = dir.join("access.log");
        fs::write(&log, "")?;
        let envoy = Envoy::start(binary, &config::bootstrap(self, upstream, &log), &dir)?;
        Load::connect(envoy.listener())?.run(Route::Proxied, 1)?;
        let line = envoy.wait("a line of the access log", || {
            fs::read_to_string(&log).ok().filter(|text| text.ends_with('\n'))
        })?;
        if line.strip_prefix("200 ").is_some_and(|value| value.starts_with(&self.expected)) {
            return Ok(());
        }
        let Self { name, expected, .. } = self;
        Err(format!("{name}: the log has {line:?}, and should have `200 ` and {expected:?}").into())
    }
}

impl Modules {
    /// The modules of all folders, and those by hand, which are assembled into `dir`.
    pub(crate) fn find(modules: &Path, compare: &[PathBuf], dir: &Path) -> Result<Self> {
        let by_hand = ByHand::assemble(dir)?;
        let mut builds = Vec::new();
        let of = |dir: &PathBuf| format!(" of {}", dir.display());
        let first = (String::new(), modules);
        for (suffix, dir) in
            std::iter::once(first).chain(compare.iter().map(|dir| (of(dir), dir.as_path())))
        {
            let find = |role| {
                let path = dir.join(format!("logcollector_filter_{role}.wasm"));
                let found = path.canonicalize();
                found.map_err(|_| format!("no module at {}: run `make filter`", path.display()))
            };
            builds.push((suffix, find("access_log")?, find("attempts")?));
        }
        Ok(Self { by_hand, builds })
    }
}

impl ByHand {
    fn assemble(dir: &Path) -> Result<Self> {
        let assemble = |name: &str, text: &str| -> Result<PathBuf> {
            let module = dir.join(format!("{name}.wasm"));
            fs::write(&module, wat::parse_str(text)?)?;
            Ok(module)
        };
        Ok(Self {
            floor: assemble("floor", include_str!("by_hand/floor.wat"))?,
            one_field: assemble("one_field", include_str!("by_hand/one_field.wat"))?,
            eight_fields: assemble("eight_fields", include_str!("by_hand/eight_fields.wat"))?,
            attempts: assemble("attempts", include_str!("by_hand/attempts.wat"))?,
        })
    }
}
