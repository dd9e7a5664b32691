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
    #[arg(long, value_name = "ID,NAME,PRICE,BARCODE", value_parser = columns, requires = "products_query")]
    columns: Option<[String; 4]>,
    /// Where secrets are kept [default: files]
    #[arg(long, value_enum)]
    secrets: Option<SecretsArg>,
    /// Add the source to the configuration that is there already
    #[arg(long, conflicts_with = "force")]
    add_source: bool,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// Four names; a comma inside brackets belongs to the name.
fn columns(text: &str) -> Result<[String; 4], String> {
    let mut inside = false;
    let parts = text.split(|c: char| {
        inside = c == '[' || (inside && c != ']');
        c == ',' && !inside
    });
    let names: Vec<String> = parts.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    names.try_into().map_err(|names: Vec<String>| {
        format!(
            "four names with commas between them are needed, of id, name, price and barcode; these are {}",
            names.len()
        )
    })
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
            columns: self.columns.clone(),
            odoo_url: args.odoo_url.clone(),
            odoo_database: args.odoo_database.clone(),
            odoo_login: args.odoo_login.clone(),
            secrets: self.secrets.map(|secrets| match secrets {
                SecretsArg::Files => SecretsIn::Files,
                SecretsArg::Environment => SecretsIn::Environment,
            }),
            add: self.add_source,
            force: self.force,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_are_four_names() {
        assert_eq!(columns("Id,Title, Price ,Code").unwrap(), ["Id", "Title", "Price", "Code"]);
        assert_eq!(columns("[a, b],Name,Price,[Bar code]").unwrap(), ["[a, b]", "Name", "Price", "[Bar code]"]);
        for wrong in ["Id,Name,Price", "Id,Name,Price,Code,More", "Id,,Price,Code", ""] {
            assert!(columns(wrong).unwrap_err().contains("four names"), "{wrong}");
        }
    }
}
