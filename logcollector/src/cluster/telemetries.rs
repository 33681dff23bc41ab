//! Telemetry objects that are made here: created, renewed, found again, and removed.

use jiff::Timestamp;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions,
};
use kube::{Api, ResourceExt};
use mesh::{Labels, Meta};
use serde_json::{Value, json};

use super::{Client, Failure};

/// Who the API server writes down as the one who changed a field.
const FIELD_MANAGER: &str = "logcollector";

/// Creates and removes Telemetry objects.
#[derive(Debug, Clone)]
pub(crate) struct Telemetries {
    client: Client,
    resource: ApiResource,
}

/// An object that was created here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Its unique id; `None` while the answer to its creation is awaited.
    pub(crate) uid: Option<String>,
}

/// What became of an object that was to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Removal {
    Removed,
    /// It was not there any more.
    Gone,
    /// Somebody has changed it, or it is not what was made here: it is theirs now.
    Theirs,
}

impl Telemetries {
    /// The objects, under the version that the cluster serves.
    pub(crate) fn new(client: &Client, version: &str) -> Self {
        let group = "telemetry.istio.io";
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: format!("{group}/{version}"),
            kind: "Telemetry".to_owned(),
            plural: "telemetries".to_owned(),
        };
        Self { client: client.clone(), resource }
    }

    fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.kube.clone(), namespace, &self.resource)
    }

    /// Creates an object, or only tries whether it could be.
    ///
    /// # Errors
    ///
    /// When the cluster refuses it, or does not answer.
    pub(crate) async fn create(&self, manifest: &Value, dry_run: bool) -> Result<Made, Failure> {
        let mut object: DynamicObject = serde_json::from_value(manifest.clone())
            .map_err(|error| Failure::Unreadable(error.to_string()))?;
        if let Some(types) = &mut object.types {
            types.api_version.clone_from(&self.resource.api_version);
        }
        let namespace = object.namespace().unwrap_or_default();
        let params = PostParams { dry_run, field_manager: Some(FIELD_MANAGER.to_owned()) };
        let created = self.api(&namespace).create(&params, &object).await?;
        Ok(Made { namespace, name: created.name_any(), uid: created.uid() })
    }

    /// Puts off the expiry of an object.
    ///
    /// # Errors
    ///
    /// When the cluster refuses it, or does not answer.
    pub(crate) async fn renew(&self, made: &Made, expires: Timestamp) -> Result<(), Failure> {
        let mut patch = json!({
            "metadata": {"annotations": {telemetry::enable::EXPIRES: expires.to_string()}}
        });
        if let Some(uid) = &made.uid {
            // Never another object of the name.
            patch["metadata"]["uid"] = uid.clone().into();
        }
        let params =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        self.api(&made.namespace).patch(&made.name, &params, &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Removes an object if it is still what was made here.
    ///
    /// # Errors
    ///
    /// When the cluster refuses it, or does not answer.
    pub(crate) async fn remove(&self, made: &Made) -> Result<Removal, Failure> {
        // Somebody may change it between the look and the removal: then once more.
        for _ in 0..3 {
            let object = match self.api(&made.namespace).get(&made.name).await {
                Ok(object) => object,
                Err(error) => match error.into() {
                    Failure::NotFound(_) => return Ok(Removal::Gone),
                    failure => return Err(failure),
                },
            };
            let meta = meta(&object);
            let same = made.uid.is_none() || made.uid == object.uid();
            if !same || !telemetry::enable::is_ours(&meta) || telemetry::enable::was_changed(&meta)
            {
                return Ok(Removal::Theirs);
            }
            let params = DeleteParams {
                preconditions: Some(Preconditions {
                    uid: object.uid(),
                    resource_version: object.resource_version(),
                }),
                ..DeleteParams::default()
            };
            match self.api(&made.namespace).delete(&made.name, &params).await.map_err(Failure::from)
            {
                Ok(_) => return Ok(Removal::Removed),
                Err(Failure::NotFound(_)) => return Ok(Removal::Gone),
                Err(Failure::Conflict(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(Removal::Theirs)
    }
}

/// What decides whose an object is.
fn meta(object: &DynamicObject) -> Meta {
    let map = |map: &std::collections::BTreeMap<String, String>| -> Labels { map.clone() };
    Meta {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        labels: map(object.labels()),
        annotations: map(object.annotations()),
        generation: object.metadata.generation,
        ..Meta::default()
    }
}
