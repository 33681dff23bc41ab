//! `filter manifest`: the objects to apply.

use clap::ValueEnum;
use mesh::{DEFAULT_REVISION, MeshConfig, Object};
use serde_json::{Value, json};

use super::code::{self, Code};
use super::configuration::{Configuration, Text};
use super::here::Here;
use super::mesh_config::{self, Asked, Documented};
use super::object::{NAME, Part, envoy_filter, patches};
use super::rivals::{self, Ours};
use super::{now, words};
use crate::cli::{Context, FilterManifestArgs, ManifestOutput, PrintArg, Role};
use crate::command::document::{json, yaml};
use crate::command::{Outcome, print};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::source::one_stdin;
use crate::visible;

/// What client-side `kubectl apply` keeps of an object at most, in an annotation.
const LARGEST: usize = 262_144;
/// The annotation, which counts too.
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Runs `filter manifest`.
pub(super) fn run(mut args: FilterManifestArgs) -> Result<Outcome, Error> {
    one_stdin(args.manifests.paths().chain(&args.config))?;
    let asked = |context: &&Context| args.context.contains(context);
    args.context = Context::value_variants().iter().filter(asked).copied().collect();
    let notes = Notes::new();
    let text = Text::read(args.config.as_deref())?;
    let configuration = Configuration::parse(&text)?;
    let roles = roles(args.only, &configuration, &text.name)?;
    let known = Known::read(&args, &notes)?;
    if args.print.is_some() && roles.contains(&Role::AccessLog) && configuration.redacts() {
        notes.say(
            "what the configuration takes out of a field is still in the format's own operators, such \
             as %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%: take those out of the format",
        );
    }
    let printed = match args.print {
        Some(PrintArg::MeshConfig) => print_formats(&args, &configuration, &roles, &known),
        _ => {
            let codes = code::choose(&roles, &args.code, code::embedded)?;
            let part = |(role, code): (&Role, Code)| Part {
                role: *role,
                configuration: configuration.of(*role),
                code,
            };
            let parts: Vec<Part> = roles.iter().zip(codes).map(part).collect();
            print_objects(&args, &configuration, &parts, &known, &notes)
        }
    }?;
    Ok(known.manifests.as_ref().map_or(printed, |manifests| manifests.outcome(printed)))
}

/// The parts to load.
fn roles(
    only: Option<Role>,
    configuration: &Configuration,
    name: &str,
) -> Result<Vec<Role>, Error> {
    let roles: Vec<Role> =
        configuration.roles().filter(|role| only.is_none_or(|only| only == *role)).collect();
    match (roles.is_empty(), only) {
        (false, _) => Ok(roles),
        (true, Some(role)) => {
            Err(Error::NoSection { name: name.to_owned(), section: role.section() })
        }
        (true, None) => Err(Error::NoSections { name: name.to_owned() }),
    }
}

/// The parts that have something to print.
fn printed(configuration: &Configuration, roles: impl Iterator<Item = Role>) -> Vec<Role> {
    roles.filter(|role| configuration.prints(*role)).collect()
}

/// What is known of the mesh.
pub(super) struct Known {
    pub(super) manifests: Option<Manifests>,
    pub(super) mesh: MeshConfig,
}

impl Known {
    /// Reads what the options name, without what this command would replace.
    fn read(args: &FilterManifestArgs, notes: &Notes) -> Result<Self, Error> {
        if args.manifests.files.is_empty() {
            let given = args.manifests.mesh_config.as_deref();
            let mesh = given.map(|path| Manifests::mesh_config(path, notes)).transpose()?;
            return Ok(Self { manifests: None, mesh: mesh.unwrap_or_default() });
        }
        let mut manifests = Manifests::read(&args.manifests, notes)?;
        let is_ours = |object: &Object| {
            let meta = &object.meta;
            let in_ours = args.namespace.as_ref().is_none_or(|it| *it == meta.namespace);
            let kind = object.kind.as_str();
            in_ours && meta.name == NAME && matches!(kind, "EnvoyFilter" | "Telemetry")
        };
        manifests.inventory.objects.retain(|object| !is_ours(object));
        let revision = manifests.revision.as_deref().unwrap_or(DEFAULT_REVISION);
        let mesh = manifests.inventory.mesh_config(revision).clone();
        Ok(Self { manifests: Some(manifests), mesh })
    }
}

/// `--print mesh-config`.
fn print_formats(
    args: &FilterManifestArgs,
    configuration: &Configuration,
    roles: &[Role],
    known: &Known,
) -> Result<Outcome, Error> {
    let printed = printed(configuration, roles.iter().copied());
    let asked = Asked {
        roles: &printed,
        keeps: configuration.keeps() && roles.contains(&Role::AccessLog),
        namespace: args.namespace.as_deref(),
        selector: args.selector.as_ref(),
    };
    let documents = mesh_config::documents(&known.mesh, &asked)?;
    if args.output == Some(ManifestOutput::Json) {
        let documents: Vec<Value> = documents.into_iter().map(|it| it.document).collect();
        return print(&json(&documents)?);
    }
    let one = |it: &Documented| yaml(&it.comment, &it.document);
    let texts: Vec<String> = documents.iter().map(one).collect::<Result<_, _>>()?;
    print(texts.join("---\n").as_bytes())
}

/// The EnvoyFilter, and with `--print here` the Telemetry.
fn print_objects(
    args: &FilterManifestArgs,
    configuration: &Configuration,
    parts: &[Part],
    known: &Known,
    notes: &Notes,
) -> Result<Outcome, Error> {
    let namespace = args.namespace.as_deref();
    let printed = printed(configuration, parts.iter().map(|part| part.role));
    let mut patches = patches(parts, &args.context);
    let mut objects = Vec::new();
    if let (Some(PrintArg::Here), Some(selector)) = (args.print, &args.selector) {
        let keeps = configuration.keeps() && parts.iter().any(|it| it.role == Role::AccessLog);
        let now = now::loggers(args, selector, known, notes)?;
        let here = Here::new(&now, &printed, keeps)?;
        let telemetry = here.telemetry(namespace, selector);
        now::say_unmuted(&telemetry, selector, args, known, notes)?;
        objects.push(telemetry);
        patches.extend(here.patches);
    }
    objects.insert(0, envoy_filter(namespace, args.selector.as_ref(), patches));
    warn(args, parts, &objects, known, notes);
    if configuration.has_hash_key() {
        notes.say("the hash_key stands in the EnvoyFilter, for all who may read that");
    }
    let document = match <[Value; 1]>::try_from(objects) {
        Ok([object]) => object,
        Err(objects) => json!({"apiVersion": "v1", "kind": "List", "items": objects}),
    };
    match args.output {
        Some(ManifestOutput::Json) => print(&json(&document)?),
        _ => {
            let comment = words::comment(args, parts, &printed, &known.mesh.root_namespace);
            print(yaml(&comment, &document)?.as_bytes())
        }
    }
}

/// Says what could go wrong with objects.
fn warn(
    args: &FilterManifestArgs,
    parts: &[Part],
    objects: &[Value],
    known: &Known,
    notes: &Notes,
) {
    let warning = |text: &str| notes.print(&format!("warning: {}", visible::lines(text)));
    for object in objects {
        let (kind, size) = (object["kind"].as_str().unwrap_or_default(), kept_by_kubectl(object));
        if size > LARGEST {
            warning(&format!(
                "{kind}/{NAME} takes {size} bytes of the {LARGEST} that client-side kubectl apply \
                 keeps: use kubectl apply --server-side, or load one part with --only"
            ));
        }
    }
    for path in parts.iter().filter_map(Part::file) {
        notes.say(&visible::lines(&format!(
            "{path} has to be there in the proxy's container: the annotations \
             sidecar.istio.io/userVolume and sidecar.istio.io/userVolumeMount of the pods mount a volume"
        )));
    }
    if !parts.iter().any(|part| part.role == Role::Attempts) {
        return;
    }
    for rival in rivals_of(args, known) {
        warning(&format!(
            "EnvoyFilter/{rival} merges upstream filters into the router, too: Envoy rejects \
             listeners with both, as upstream_codec is not the last one then"
        ));
    }
}

/// The EnvoyFilters among the manifests that put upstream filters into the same routers.
fn rivals_of(args: &FilterManifestArgs, known: &Known) -> Vec<String> {
    let Some(manifests) = &known.manifests else { return Vec::new() };
    let ours = Ours {
        namespace: args.namespace.as_deref(),
        selector: args.selector.as_ref(),
        contexts: &args.context,
        root_namespace: &known.mesh.root_namespace,
    };
    rivals::of(&manifests.inventory.objects, &ours)
}

/// The bytes of an object that count against [`LARGEST`].
fn kept_by_kubectl(object: &Value) -> usize {
    // What is kept has an empty map of annotations, and a newline at its end.
    object.to_string().len() + r#""annotations":{},"#.len() + "\n".len() + ANNOTATION.len()
}

#[cfg(test)]
mod tests;
