//! The machines' clocks differ by hours: leases, takeovers and the history go by the server's clock alone.

use serde_json::Value;

use super::machines::{Machine, expire_lease};
use crate::common::shop::Shop;
use crate::gate::{Gate, end, signal};
use crate::whole::{ALLOW, assert_whole, change};
use crate::world::{LOGINS, World};

pub fn scenario(version: u32) {
    let world = World::new(version, "clocks").in_batches_of(3);
    let mut shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    let whole = crate::common::full();
    let wrong = [["+7h", "-5h"], ["-5h", "+7h"], ["+3d", "-3d"]];
    for (round, clocks) in (1..).zip(&wrong[..if whole { 3 } else { 2 }]) {
        change(&mut shop, round);
        shop.write(&world.bench);
        world.through(&world.target().url.clone());
        let begun = now(&world, 0);
        let second = Machine::new(&world, "second").with_clock(clocks[1]);
        let gate = Gate::at(&world, "update", 1);
        let first = Machine::new(&world, "first").with_clock(clocks[0]).start(&ALLOW);
        gate.reached();
        signal(&first, "STOP");
        // Whatever the second machine's clock says, the lease has not expired, nor lasts it for days.
        let before = world.target().checksums(&LOGINS);
        second.import(&ALLOW).expect(75).says("another run holds the lease");
        world.assert_unchanged(&before, &LOGINS);
        let within =
            "x_expires > now() at time zone 'utc' and x_expires < now() at time zone 'utc' + interval '1 hour'";
        assert_eq!(world.count(&format!("x_pz_lane where {within}")), world.count("x_pz_lane"));
        expire_lease(&world);
        second.import(&ALLOW).expect(0);
        let before = world.target().checksums(&LOGINS);
        gate.open();
        signal(&first, "CONT");
        end(first).expect(75).says("the lease was taken over");
        world.assert_unchanged(&before, &LOGINS);
        assert_whole(&world, &shop);

        // Lines of both runs, at the server's time.
        let ended = now(&world, 1);
        for field in ["barcode", "price", "name"] {
            let all = world.count(&format!("x_pz_product_{field}_history where x_when >= '{begun}'"));
            let right = format!("x_pz_product_{field}_history where x_when between '{begun}' and '{ended}'");
            assert_eq!(world.count(&right), all, "{field}");
            assert!(all > 0, "{field}");
        }
        let runs = format!("x_pz_run where x_started between '{begun}' and '{ended}' and x_ended <= '{ended}'");
        assert!(world.count(&runs) >= 1);
        let shown = second.run(&["show-history", "--product", "1001", "--format", "json"]).expect(0);
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        let last = shown["changes"].as_array().unwrap().last().unwrap()["when"].as_str().unwrap().to_owned();
        let in_between =
            format!("select timestamptz '{last}' between timestamptz '{begun}+00' and timestamptz '{ended}+00'");
        assert_eq!(world.sql(&in_between), "t", "{last} is not between {begun} and {ended}, UTC");
    }
    world.through(&world.target().url.clone());
    world.assert_settled(0);
}

/// The server's time some seconds later, UTC; cut to the second, as some times of Odoo's are.
fn now(world: &World, later: u32) -> String {
    world.sql(&format!("select date_trunc('second', now() at time zone 'utc') + interval '{later} s'"))
}
