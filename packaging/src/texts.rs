//! What clap's definition does not hold, for the manual pages: what the program is for, its environment and its files. The
//! truth is in `src/config`, `sync.toml.example` and `examples/systemd`; tests hold the names against them.

/// Names, and what they mean.
pub type List = &'static [(&'static str, &'static str)];

/// After the first line, on the program's page.
pub const DESCRIPTION: &[&str] = &[
    "A run reads the products, prices and barcodes of a SQL Server database, compares them with what Odoo has and with what \
     was handled before, and writes what differs. The source is only ever read. Every write is one transaction of Odoo and \
     safe to repeat: after a crash, or a lost connection, the next run does the rest.",
    "What cannot be decided by itself – a barcode at two products, several products that match, a price that jumps – waits as \
     a deferred action in Odoo, with its reason, and in erpsync-deferred(1). A run that looks like a broken source is refused \
     by guards before anything is changed.",
    "Begin with erpsync-init(1), which writes the configuration, and erpsync-setup(1), which prepares Odoo once; \
     erpsync-doctor(1) looks at everything that a run depends on, and says what to do. Then erpsync-import-products(1) does \
     the work, by hand or every hour.",
    "The answer goes to standard output; warnings, logs and progress go to standard error.",
];

/// The commands of most days.
pub const EXAMPLES: &str = "\
erpsync init --config /etc/erpsync/sync.toml
ERPSYNC_ODOO_ADMIN_PASSWORD=... erpsync setup --admin-login admin
erpsync doctor
erpsync import-products --dry-run
erpsync import-products -q --deadline 50m
erpsync deferred list
erpsync show-history --barcode 4006381333931
systemctl enable --now erpsync.timer";

/// Before the variables.
pub const ENVIRONMENT_INTRODUCTION: &str = "A flag wins over a variable, a variable over the configuration. An empty \
     variable counts as not set. NAME stands for the name of a section [sources.NAME], in capitals and with _ for -.";

/// In the order in which one meets them.
pub const ENVIRONMENT: List = &[
    ("ERPSYNC_CONFIG", "The configuration, where --config names none."),
    (
        "ERPSYNC_SOURCE_NAME_HOST, ERPSYNC_SOURCE_NAME_PORT, ERPSYNC_SOURCE_NAME_DATABASE, ERPSYNC_SOURCE_NAME_USER",
        "The SQL Server, its port, the database and the login, in the place of host, port, database and user.",
    ),
    (
        "ERPSYNC_SOURCE_NAME_PASSWORD",
        "The login's password. It wins over password_file and password_credential; password_env names another variable in \
         its place.",
    ),
    (
        "ERPSYNC_ODOO_URL, ERPSYNC_ODOO_DATABASE, ERPSYNC_ODOO_LOGIN",
        "In the place of url, database and login of [odoo].",
    ),
    (
        "ERPSYNC_ODOO_PASSWORD, ERPSYNC_ODOO_API_KEY",
        "What opens Odoo: the account's password, or an API key. One of them is enough.",
    ),
    (
        "ERPSYNC_ODOO_ADMIN_PASSWORD, ERPSYNC_ODOO_ADMIN_API_KEY",
        "The same of the administrator, for erpsync-setup(1) with --admin-login.",
    ),
    (
        "ERPSYNC_PING_URL",
        "The address of a monitor that is told how runs end. Whoever has it can do the same, so it is kept like a password.",
    ),
    (
        "CREDENTIALS_DIRECTORY",
        "Where password_credential, api_key_credential and ping_url_credential are looked for. systemd sets it for units with \
         LoadCredential=; by hand, root can set it to /etc/erpsync/credentials.",
    ),
    ("XDG_CONFIG_HOME, HOME", "Where the account's own configuration is looked for: $XDG_CONFIG_HOME, or ~/.config."),
    ("XDG_RUNTIME_DIR, TMPDIR", "Where the lock is made, with /run between them; see FILES."),
    (
        "https_proxy, all_proxy, no_proxy",
        "The proxy to Odoo, for https alone: what is not encrypted goes through none. Capitals do as well.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "Authorities to trust in the place of those that the system trusts, with tls = \"verify\".",
    ),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "Whether to colour, with --color auto."),
    ("TZ", "The time zone in which moments are shown."),
];

/// On the pages of commands.
pub const ENVIRONMENT_OF_COMMANDS: &str =
    "Passwords, API keys and servers may be given in variables, see ENVIRONMENT in erpsync(1).";

/// What only one command reads.
pub fn environment_of(page: &str) -> List {
    match page {
        "erpsync-setup" => &[
            ("ERPSYNC_ODOO_ADMIN_PASSWORD", "The password of the administrator that --admin-login names."),
            ("ERPSYNC_ODOO_ADMIN_API_KEY", "Or an API key of that account."),
        ],
        _ => &[],
    }
}

/// Before the files.
pub const FILES_INTRODUCTION: &str = "Of the places of the configuration the first one counts that is there.";

/// What is read, written, and belongs to the Debian package.
pub const FILES: List = &[
    (
        "./sync.toml, ~/.config/erpsync/sync.toml, /etc/erpsync/sync.toml",
        "The configuration. Relative paths in it are relative to it. It never has a secret: a file that has one is refused, so \
         every account may read it. Nobody but its owner should be able to write it, as it says where passwords go.",
    ),
    ("/etc/erpsync/sync.toml.example", "Every setting with its default and what it is for."),
    (
        "/etc/erpsync/credentials/source, /etc/erpsync/credentials/odoo",
        "One secret a file, for root alone; systemd hands them to erpsync.service. In sync.toml they are called \
         password_credential = \"source\" in the section of the source, and password_credential = \"odoo\" in [odoo].",
    ),
    (
        "erpsync-HASH.lock",
        "In $XDG_RUNTIME_DIR, /run or the directory for temporary files, or as lock_file names it: keeps two runs on this \
         machine apart, one file for each Odoo database. Between machines the lease in Odoo does.",
    ),
    (
        "erpsync.timer, erpsync.service",
        "Units of systemd: an import every hour, once the timer is enabled. Statuses 3, 75 and 143 count as success there.",
    ),
];

/// On the pages of commands.
pub const FILES_OF_COMMANDS: &str = "The configuration, sync.toml, is looked for as FILES in erpsync(1) says.";

/// What to read next.
pub const RELATED: &[(&str, &[&str])] = &[
    (
        "erpsync-import-products",
        &["erpsync-sync-prices", "erpsync-apply", "erpsync-check-barcodes", "erpsync-deferred", "erpsync-runs"],
    ),
    ("erpsync-sync-prices", &["erpsync-import-products", "erpsync-apply"]),
    ("erpsync-apply", &["erpsync-import-products", "erpsync-show"]),
    ("erpsync-show", &["erpsync-apply", "erpsync-import-products"]),
    ("erpsync-revert", &["erpsync-runs", "erpsync-show-history"]),
    ("erpsync-deferred", &["erpsync-import-products", "erpsync-check-barcodes"]),
    ("erpsync-check-barcodes", &["erpsync-import-products", "erpsync-deferred", "erpsync-show-history"]),
    ("erpsync-init", &["erpsync-setup", "erpsync-doctor"]),
    ("erpsync-doctor", &["erpsync-init", "erpsync-setup", "erpsync-unlock"]),
    ("erpsync-setup", &["erpsync-init", "erpsync-doctor"]),
    ("erpsync-unlock", &["erpsync-doctor", "erpsync-runs"]),
    ("erpsync-prune", &["erpsync-runs", "erpsync-show-history"]),
    ("erpsync-runs", &["erpsync-show-history", "erpsync-revert", "erpsync-prune"]),
    ("erpsync-show-history", &["erpsync-runs", "erpsync-revert"]),
];

/// What to read next after this page.
pub fn related(page: &str) -> &'static [&'static str] {
    RELATED.iter().find(|(name, _)| *name == page).map_or(&[], |(_, related)| *related)
}
