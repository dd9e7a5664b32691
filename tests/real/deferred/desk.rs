//! A world in which something of each sort waits, and an operator who settles it.

use std::process::Command;

use serde_json::json;

use crate::common::Run;
use crate::common::shop::ean13;
use crate::world::World;

/// The password of everybody here.
const PASSWORD: &str = "People-Pa55word";

pub struct Desk {
    pub world: World,
    pub codes: Vec<String>,
    /// Who holds the foreign barcode, and the two that are alike.
    pub foreign: i64,
    pub alike: [i64; 2],
}

impl Desk {
    /// Duplicate claims at 1 and 2, a foreign holder for 3, a price jump at 4, drift at 5, an ambiguous match for 6.
    pub fn new(version: u32, name: &str) -> Self {
        let world = World::new(version, name);
        let codes: Vec<String> = (0..6).map(ean13).collect();
        let plain = |id, name| (id, name, Some("5"), &[][..]);
        let rows = [plain(1, "A"), plain(2, "B"), plain(3, "C"), plain(4, "D"), plain(5, "E")];
        let own = [codes[5].as_str()];
        world.source(&rows);
        world.add(&[(7, "G", Some("5"), &own)]);
        world.import(&["--first-run"]).expect(0);
        world.configure("price = \"ask\"");
        let foreign = world.product(json!({"name": "Foreign", "barcode": codes[1]}));
        let alike =
            [2, 3].map(|n| world.product(json!({"name": "Alike", "barcode": codes[n], "default_code": "same"})));
        world.write("product.product", world.linked(5), json!({"list_price": 77.0}));
        let (duplicate, held, both) =
            ([codes[0].as_str()], [codes[1].as_str()], [codes[2].as_str(), codes[3].as_str()]);
        world.source(&[
            (1, "A", Some("5"), &duplicate),
            (2, "B", Some("5"), &duplicate),
            (3, "C", Some("5"), &held),
            (4, "D", Some("5000"), &[]),
            plain(5, "E"),
            (6, "F", Some("5"), &both),
            (7, "G", Some("5"), &own),
        ]);
        world.import(&[]).expect(3);
        let open = [
            format!("1 duplicate-claim {}", codes[0]),
            format!("2 duplicate-claim {}", codes[0]),
            format!("3 foreign-holder {}", codes[1]),
            "4 price-jump price".to_owned(),
            "5 drift price".to_owned(),
            "6 ambiguous-match".to_owned(),
        ];
        assert_eq!(world.open(), open);
        for (login, groups) in [
            ("operator", &["base.group_user", "erpsync.group_operator"][..]),
            ("reader", &["base.group_user", "erpsync.group_reader"]),
            ("stranger", &["base.group_user"]),
            // May not read a single product.
            ("till", &["base.group_portal", "erpsync.group_operator"]),
        ] {
            world.target().user(login, PASSWORD, groups);
        }
        Self { world, codes, foreign, alike }
    }

    /// The number of what waits for a product of the source.
    #[track_caller]
    pub fn n(&self, external_id: i64) -> String {
        self.world.sql(&format!("select id from x_pz_conflict where x_external_id = '{external_id}'"))
    }

    /// As the sync account: on 19 with an API key.
    pub fn as_sync(&self, args: &[&str]) -> Run {
        self.world.bench.run(&[&["deferred"], args].concat())
    }

    pub fn as_person(&self, login: &str, args: &[&str]) -> Run {
        let mut command = self.world.bench.command(&[&["deferred"], args, &["--odoo-login", login]].concat());
        ended(command.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", PASSWORD))
    }

    /// As somebody with an API key, through JSON-2.
    pub fn by_key(&self, login: &str, args: &[&str]) -> Run {
        let target = self.world.target();
        let key = target.api_key(login, None);
        let mut command = self.world.bench.command(&[&["deferred"], args, &["--odoo-login", login]].concat());
        ended(command.env_remove("ERPSYNC_ODOO_PASSWORD").env("ERPSYNC_ODOO_API_KEY", key))
    }

    /// As the operator.
    pub fn run(&self, args: &[&str]) -> Run {
        self.as_person("operator", args)
    }

    pub fn resolve(&self, number: &str, choice: &str) -> Run {
        self.run(&["resolve", number, "--choose", choice])
    }

    /// State, choice and chosen product, as `open|give|`.
    pub fn standing(&self, number: &str) -> String {
        self.world.sql(&format!("select x_state, x_choice, x_choice_product_id from x_pz_conflict where id = {number}"))
    }

    /// Everything of the records but what a person may change.
    pub fn rest(&self) -> String {
        self.world.sql(
            "select to_jsonb(c) - array['x_choice', 'x_choice_product_id', 'x_state', 'write_date', 'write_uid'] from x_pz_conflict c order by id",
        )
    }
}

fn ended(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
