//! Certificates of the TLS listener, its clients and the TLS upstream, made afresh for each run.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::string::Ia5String;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

/// A certificate with its key, as files for Envoy and in memory for the clients.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate file, PEM.
    pub cert: PathBuf,
    /// The key file, PEM.
    pub key: PathBuf,
}

impl Identity {
    /// Envoy's CommonTlsContext: this identity among those that `authority` has signed.
    pub(crate) fn tls(&self, authority: &Path, protocols: &[&str]) -> Value {
        json!({
            "alpn_protocols": protocols,
            "tls_certificates": [{
                "certificate_chain": {"filename": self.cert},
                "private_key": {"filename": self.key},
            }],
            "validation_context": {"trusted_ca": {"filename": authority}},
        })
    }
}

/// One certificate authority and what it signed.
#[derive(Debug)]
pub struct Certs {
    /// The authority's certificate file, PEM.
    pub ca: PathBuf,
    /// The identity of Envoy's TLS listener and of the TLS upstream.
    pub server: Identity,
    /// The identity of clients, its subject full of quotes, commas and spaces.
    pub client: Identity,
    /// The certificate file of an authority that signed nothing, PEM.
    pub stranger: PathBuf,
}

impl Certs {
    /// Makes the certificates and writes them into `dir`.
    pub fn create(dir: &Path) -> Self {
        let authority = authority("corpus ca", "Corpus \"CA\", Inc");
        let stranger = self::authority("stranger", "Nobody");
        let server = leaf(
            &[(DnType::CommonName, "server.example"), (DnType::OrganizationName, "Srv")],
            vec![
                SanType::DnsName(ia5("server.example")),
                SanType::DnsName(ia5("other.example")),
                SanType::IpAddress([127, 0, 0, 1].into()),
                SanType::URI(ia5("spiffe://cluster.local/ns/default/sa/server")),
            ],
        );
        let client = leaf(
            &[
                (DnType::CommonName, "cli ent, one"),
                (DnType::OrganizationName, "Client \"quoted\", LLC"),
            ],
            vec![
                SanType::DnsName(ia5("cli.example")),
                SanType::DnsName(ia5("b.example")),
                SanType::Rfc822Name(ia5("a@b.c")),
                SanType::URI(ia5("spiffe://cluster.local/ns/foo/sa/client")),
            ],
        );
        let ca = dir.join("ca.pem");
        fs::write(&ca, authority.pem()).unwrap();
        let stranger_file = dir.join("stranger.pem");
        fs::write(&stranger_file, stranger.pem()).unwrap();
        Self {
            ca,
            server: sign(dir, "server", server, &authority),
            client: sign(dir, "client", client, &authority),
            stranger: stranger_file,
        }
    }

    /// The authority as a root store.
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.ca).unwrap()).unwrap();
        roots
    }
}

impl Identity {
    /// The certificate chain, for rustls.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_file(&self.cert).unwrap()]
    }

    /// The private key, for rustls.
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_file(&self.key).unwrap()
    }
}

fn authority(name: &str, organization: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params =
        leaf(&[(DnType::CommonName, name), (DnType::OrganizationName, organization)], Vec::new());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(names: &[(DnType, &str)], sans: Vec<SanType>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in names {
        params.distinguished_name.push(kind.clone(), *value);
    }
    params.subject_alt_names = sans;
    params
}

fn sign(
    dir: &Path,
    name: &str,
    params: CertificateParams,
    issuer: &CertifiedIssuer<'static, KeyPair>,
) -> Identity {
    let key = KeyPair::generate().unwrap();
    let cert = params.signed_by(&key, issuer).unwrap();
    let identity =
        Identity { cert: dir.join(format!("{name}.pem")), key: dir.join(format!("{name}.key")) };
    fs::write(&identity.cert, cert.pem()).unwrap();
    fs::write(&identity.key, key.serialize_pem()).unwrap();
    identity
}

fn ia5(text: &str) -> Ia5String {
    Ia5String::try_from(text).unwrap()
}
