//! `[report]` → [`ReportSettings`].

use super::super::Overrides;
use super::super::document::Document;
use super::super::environment;
use super::super::file;
use super::super::settings::ReportSettings;
use super::{PING_URL, Result, Section};

pub(super) fn resolve(
    document: &Document,
    raw: file::Report,
    overrides: &Overrides,
    warnings: &mut Vec<String>,
) -> Result<ReportSettings> {
    let section = Section { document, path: vec!["report"] };
    let metrics_file = section.path("metrics_file", raw.metrics_file)?;
    let ping_url = section.secret(
        "the address to ping".to_owned(),
        PING_URL,
        environment::PING_URL.to_owned(),
        (raw.ping_url_env, raw.ping_url_file, raw.ping_url_credential),
    )?;
    warnings.extend(ping_url.warning());
    Ok(ReportSettings { metrics_file: overrides.metrics_file.clone().or(metrics_file), ping_url })
}
