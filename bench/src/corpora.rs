//! The corpora as files, generated once for each set of parameters.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bench::corpus::{KEY_VALUE, Kind};

use crate::Result;

/// Where the corpora are.
#[derive(Debug)]
pub(crate) struct Corpora {
    dir: PathBuf,
    seed: u64,
    size: u64,
}

impl Corpora {
    /// Generates what is missing under `root`: a file of `megabytes` for each kind, and one of a
    /// quarter of that, which is there compressed too.
    pub(crate) fn generate(root: &Path, megabytes: u64, seed: u64) -> Result<Self> {
        let name = format!("{megabytes}MB-seed{seed}-{:08x}", fingerprint(seed));
        let corpora = Self { dir: root.join(name), seed, size: megabytes * 1_000_000 };
        fs::create_dir_all(&corpora.dir)?;
        for kind in Kind::ALL {
            corpora.write(&corpora.path(kind), |out| corpora.records(kind, corpora.size, out))?;
        }
        corpora
            .write(&corpora.quarter(), |out| corpora.records(Kind::Istio, corpora.size / 4, out))?;
        corpora.write(&corpora.gzip(), |out| gzip(&corpora.quarter(), out))?;
        corpora.write(&corpora.zstd(), |out| zstd(&corpora.quarter(), out))?;
        corpora.write(&corpora.key_value_format(), |out| out.write_all(KEY_VALUE.as_bytes()))?;
        corpora.write_settings()?;
        Ok(corpora)
    }

    /// The folder that the files are in.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of a kind.
    pub(crate) fn path(&self, kind: Kind) -> PathBuf {
        self.dir.join(format!("{}.log", kind.as_str()))
    }

    /// A quarter of Istio's text format, as text.
    pub(crate) fn quarter(&self) -> PathBuf {
        self.dir.join("istio-quarter.log")
    }

    /// The quarter, compressed with gzip.
    pub(crate) fn gzip(&self) -> PathBuf {
        self.dir.join("istio-quarter.log.gz")
    }

    /// The quarter, compressed with zstd.
    pub(crate) fn zstd(&self) -> PathBuf {
        self.dir.join("istio-quarter.log.zst")
    }

    /// The format string of the key=value corpus.
    pub(crate) fn key_value_format(&self) -> PathBuf {
        self.dir.join("kv.format")
    }

    /// The seed of the corpora.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Writes what other programs need to be told of Istio's text format.
    fn write_settings(&self) -> Result<()> {
        let formats = self.dir.join("lnav/formats/istio");
        fs::create_dir_all(&formats)?;
        fs::write(formats.join("format.json"), include_str!("../others/lnav.json"))?;
        fs::write(self.dir.join("sum.lnav"), include_str!("../others/sum.lnav"))?;
        fs::write(self.dir.join("goaccess.conf"), include_str!("../others/goaccess.conf"))?;
        Ok(())
    }

    fn records(&self, kind: Kind, size: u64, out: &mut impl Write) -> io::Result<()> {
        kind.write(self.seed, size, out).map(|_| ())
    }

    /// Writes a file under another name and renames it, so that a file that is there is complete.
    fn write(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<()> {
        if path.exists() {
            return Ok(());
        }
        writeln!(io::stderr(), "generating {}", path.display())?;
        let unfinished = path.with_extension("part");
        // In large pieces: how a file came into the page cache decides what reading it costs.
        let mut out = BufWriter::with_capacity(4 << 20, File::create(&unfinished)?);
        fill(&mut out)?;
        out.flush()?;
        fs::rename(&unfinished, path)?;
        Ok(())
    }
}

/// A number that changes with what is generated: FNV-1a over the first records of each kind.
fn fingerprint(seed: u64) -> u32 {
    let bytes = Kind::ALL.into_iter().flat_map(|kind| kind.records(seed, 500));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn gzip(from: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
    copy(from, &mut encoder)?;
    encoder.finish().map(|_| ())
}

fn zstd(from: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut encoder = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    copy(from, &mut encoder)?;
    encoder.finish().map(|_| ())
}

fn copy(from: &Path, to: &mut impl Write) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut block = vec![0; 64 * 1024];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(()),
            count => to.write_all(block.get(..count).unwrap_or_default())?,
        }
    }
}
