//! API keys, and accounts that Odoo asks for a second factor: the key opens what the password does not, for runs and for
//! setup, with several databases on the server.

use std::process::Stdio;

use crate::common::Run;
use crate::common::shop::{Shop, ean13};
use crate::common::target::SYNC_PASSWORD;
use crate::world::World;

fn run(world: &World, secrets: &[(&str, &str)], args: &[&str]) -> Run {
    let mut command = world.bench.command(args);
    for name in
        ["ERPSYNC_ODOO_PASSWORD", "ERPSYNC_ODOO_API_KEY", "ERPSYNC_ODOO_ADMIN_PASSWORD", "ERPSYNC_ODOO_ADMIN_API_KEY"]
    {
        command.env_remove(name);
    }
    let output = command.envs(secrets.iter().copied()).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[track_caller]
fn asks_for_a_key(run: Run) {
    let run = run.expect(77).says("a second factor").says("API key");
    assert!(!run.stderr.contains("check odoo.login"), "the password is right: {}", run.stderr);
}

pub fn second_factor(version: u32) {
    let world = World::new(version, "second_factor");
    // With another database beside it Odoo 14 has no words for errors outside of a session.
    let other = World::new(version, "second_factor_beside");
    let mut shop = Shop::new(12);
    shop.write(&world.bench);
    let (sync, admin) = (world.target().api_key("sync", None), world.target().api_key("admin", None));
    world.sql("update res_users set totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' where login in ('sync', 'admin')");

    let password = [("ERPSYNC_ODOO_PASSWORD", SYNC_PASSWORD)];
    asks_for_a_key(run(&world, &password, &["import-products", "--first-run"]));
    let setup = ["setup", "--admin-login", "admin"];
    let refused = run(&world, &[("ERPSYNC_ODOO_ADMIN_PASSWORD", "admin")], &setup);
    assert!(refused.stderr.contains("ERPSYNC_ODOO_ADMIN_API_KEY"), "{}", refused.stderr);
    asks_for_a_key(refused);
    // A wrong password is still called one.
    run(&world, &[("ERPSYNC_ODOO_PASSWORD", "wrong")], &["import-products"]).expect(77).says("check odoo.login");

    // Everything with keys: taking out, setting up, running.
    let by_admin = [("ERPSYNC_ODOO_ADMIN_API_KEY", admin.as_str())];
    run(&world, &by_admin, &["setup", "--admin-login", "admin", "--remove"]).expect(0);
    run(&world, &by_admin, &setup).expect(0).says("Setup took");
    run(&world, &by_admin, &setup).expect(0).says("Nothing to do");
    let by_key = [("ERPSYNC_ODOO_API_KEY", sync.as_str())];
    run(&world, &by_key, &["import-products", "--first-run"]).expect(0).says("12 created");
    shop.product(1001).price = "7.5".to_owned();
    shop.product(1002).name = "Другое имя".to_owned();
    shop.rotate(&[1003, 1004, 1005]);
    shop.product(1006).barcodes = vec![ean13(9_001)];
    shop.write(&world.bench);
    let allow = ["import-products", "--allow-changes", "--allow-price-change", "--allow-release"];
    run(&world, &by_key, &allow).expect(0).says("2 changed");
    run(&world, &by_key, &["import-products"]).expect(0).says("in step");
    run(&world, &by_key, &["check-barcodes"]).expect(0);
    let how = if version >= 19 { "JSON-2 with an API key" } else { "JSON-RPC with an API key" };
    run(&world, &by_key, &["doctor"]).expect(0).says(how).says("api-key");

    // What Odoo refuses is told in its words, or ours.
    run(&world, &[("ERPSYNC_ODOO_API_KEY", "0123456789abcdef")], &["import-products"]).expect(77).says("key is wrong");
    world.target().sql("delete from res_users_apikeys where user_id = (select id from res_users where login = 'sync')");
    run(&world, &by_key, &["import-products"]).expect(77).says("make a new one");
    let nowhere = ["import-products", "--odoo-database", "no_such_database"];
    run(&world, &by_key, &nowhere).expect(78).says("no_such_database");
    run(&world, &by_admin, &["setup", "--admin-login", "admin", "--grant", "nobody"]).expect(78).says("no user");
    world.bench.assert_source_untouched();
    drop(other);
}
