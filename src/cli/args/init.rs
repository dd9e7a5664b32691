//! Flags of `init`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::commands::init::{Request, SecretsIn};
use crate::config::SourceTls;

use super::Args;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Init {
    /// The source's name, which ties the products in Odoo to it [default: shop]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The SQL Server: HOST, HOST\INSTANCE or HOST,PORT
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Its TCP port [default: 1433]
    #[arg(long, value_name = "N", conflicts_with = "instance")]
    port: Option<u16>,
    /// Or its named instance
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// The database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// The SQL login; its password comes from $ERPSYNC_SOURCE_NAME_PASSWORD, or is asked for
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// How the connection is protected [default: verify]
    #[arg(long, value_enum)]
    tls: Option<TlsArg>,
    /// The certificate for --tls ca-file
    #[arg(long, value_name = "FILE", required_if_eq("tls", "ca-file"))]
    ca_file: Option<PathBuf>,
    /// What to read instead of what is found: id, name and price
    #[arg(long, value_name = "SELECT", requires = "barcodes_query")]
    products_query: Option<String>,
    /// And id and barcode
    #[arg(long, value_name = "SELECT", requires = "products_query")]
    barcodes_query: Option<String>,
    /// The columns of these queries
    #[arg(
        long,
        value_name = "ID,NAME,PRICE,BARCODE",
        value_delimiter = ',',
        num_args = 4,
        requires = "products_query"
    )]
    columns: Vec<String>,
    /// Where secrets are kept [default: files]
    #[arg(long, value_enum)]
    secrets: Option<SecretsArg>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TlsArg {
    /// The certificate is signed by an authority that this system trusts
    Verify,
    /// It is signed by the one in --ca-file
    CaFile,
    /// Encrypted, with whoever answers
    TrustAny,
    /// Not encrypted
    Off,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SecretsArg {
    /// In files beside the configuration, readable for their owner alone
    Files,
    /// In environment variables, which you set yourself
    Environment,
}

impl Init {
    pub(in crate::cli) fn request(&self, args: &Args) -> Request {
        let tls = match (self.tls, &self.ca_file) {
            (Some(TlsArg::CaFile) | None, Some(path)) => Some(SourceTls::CaFile(path.clone())),
            (Some(TlsArg::TrustAny), _) => Some(SourceTls::TrustAny),
            (Some(TlsArg::Off), _) => Some(SourceTls::Off),
            (Some(TlsArg::Verify | TlsArg::CaFile), _) => Some(SourceTls::Verify),
            (None, None) => None,
        };
        Request {
            path: args.config.clone().unwrap_or_else(|| PathBuf::from("sync.toml")),
            named: args.config.is_some(),
            interactive: std::io::stdin().is_terminal(),
            source: self.source.clone(),
            host: self.host.clone(),
            port: self.port,
            instance: self.instance.clone(),
            database: self.database.clone(),
            user: self.user.clone(),
            tls,
            queries: self.products_query.clone().zip(self.barcodes_query.clone()),
            columns: <[String; 4]>::try_from(self.columns.clone()).ok(),
            odoo_url: args.odoo_url.clone(),
            odoo_database: args.odoo_database.clone(),
            odoo_login: args.odoo_login.clone(),
            secrets: self.secrets.map(|secrets| match secrets {
                SecretsArg::Files => SecretsIn::Files,
                SecretsArg::Environment => SecretsIn::Environment,
            }),
            force: self.force,
        }
    }
}
