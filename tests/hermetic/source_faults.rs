//! Faults between the built binary and SQL Server: at every request of a run, from PRELOGIN to COMMIT, every kind of
//! fault, once and for good, in plain text and under TLS.
//!
//! After each: the documented status, a message that says what and what to do, nothing written in Odoo when the run died,
//! the lease free, and at the end the state of a run without any fault. What is missing in the source is archived and all
//! guards are let through, so that a truncated read that was believed would show.
//!
//! A plain `cargo test` tries a part: every request with some kinds, every kind at some requests. All of it, in some
//! minutes: `ERPSYNC_TEST_FAULTS=all cargo test --test hermetic source_faults:: -- --nocapture`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::Run;
use crate::common::shop::{Product as Row, Shop, ean13};
use crate::common::standin::{DATABASE, Stage};
use crate::common::tds_proxy::{At, Fault, Order, Proxy};
use erpsync_sandbox::mssql::{Fault as Sandbox, SqlError};

const LET_THROUGH: [&str; 6] = [
    "--allow-create",
    "--allow-release",
    "--allow-replace",
    "--allow-archive",
    "--allow-changes",
    "--allow-price-change",
];

/// A source behind a proxy, an Odoo, and two states of the source between which each case goes once.
struct Lane {
    stage: Stage,
    proxy: Proxy,
    /// Without timeouts.
    config: String,
    shops: [Shop; 2],
    /// Which of the two the source has.
    now: usize,
    /// What a run without faults leaves in Odoo, and in the histories, when it ends in either state.
    expected: [Aftermath; 2],
}

/// What a run leaves behind; ids, dates and runs apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Aftermath {
    products: Vec<String>,
    links: Vec<String>,
    /// What was added to the histories.
    history: Vec<String>,
}

impl Lane {
    fn new(version: u32, tls: bool) -> Self {
        let mut stage = if tls { Stage::new(version) } else { Stage::in_plain_text(version) };
        stage.bench = stage.bench.with("missing = \"archive\"");
        let proxy = Proxy::start(stage.bench.mssql.addr(), tls);
        let config = std::fs::read_to_string(stage.bench.config()).unwrap();
        let port = format!("port = {}", stage.bench.mssql.addr().port());
        let config = config.replace(&port, &format!("port = {}", proxy.port()));
        std::fs::write(stage.bench.config(), &config).unwrap();

        let first = Shop::new(100);
        let mut second = first.clone();
        second.rotate(&[1002, 1003]);
        second.rotate(&[1004, 1005, 1007]);
        second.product(1010).name = "Новое имя".to_owned();
        second.product(1012).price = "3.33".to_owned();
        for id in [1020, 1021, 1022] {
            second.products.remove(&id);
        }
        let new = Row { name: "Later".to_owned(), price: "7".to_owned(), barcodes: vec![ean13(99_999)] };
        second.products.insert(2000, new);
        let mut lane = Self { stage, proxy, config, shops: [first, second], now: 0, expected: Default::default() };
        lane.shops[0].write(&lane.stage.bench);
        lane.run(&["--first-run"]).expect(0);
        // Later rounds differ from the first: 2000 exists then, archived.
        for round in 0..2 {
            for state in [1, 0] {
                lane.flip();
                let before = lane.history();
                lane.run(&[]).expect(0);
                let after = lane.aftermath(&before);
                assert!(round == 0 || !after.history.is_empty(), "the two states do not differ");
                lane.expected[state] = after;
            }
        }
        lane
    }

    fn flip(&mut self) {
        self.now = 1 - self.now;
        self.shops[self.now].write(&self.stage.bench);
    }

    fn run(&self, args: &[&str]) -> Run {
        self.stage.bench.import(&[&["-q"], &LET_THROUGH[..], args].concat())
    }

    /// Histories as (line, how often).
    fn history(&self) -> BTreeMap<String, usize> {
        let mut lines = BTreeMap::new();
        for ((model, _), record) in &self.stage.odoo.snapshot(DATABASE) {
            if model.ends_with("_history") {
                let of = |name: &str| record[name].to_string();
                let line = format!("{model} {} {}>{} {}", of("x_external_id"), of("x_old"), of("x_new"), of("x_cause"));
                *lines.entry(line).or_default() += 1;
            }
        }
        lines
    }

    fn aftermath(&self, history_before: &BTreeMap<String, usize>) -> Aftermath {
        let mut products: Vec<String> = self
            .stage
            .odoo
            .products(DATABASE)
            .iter()
            .map(|p| format!("{} {} {} {:?} {}", p.id, p.name, p.price, p.barcode, p.active))
            .collect();
        products.sort();
        let mut links = Vec::new();
        for ((model, id), record) in &self.stage.odoo.snapshot(DATABASE) {
            if model == "x_pz_product" {
                let mut record = record.as_object().unwrap().clone();
                record.retain(|name, _| !name.contains("date") && !name.contains("run") && !name.ends_with("_at"));
                links.push(format!("{id} {record:?}"));
            }
        }
        let mut history = Vec::new();
        for (line, count) in self.history() {
            let new = count - history_before.get(&line).copied().unwrap_or_default();
            history.extend(std::iter::repeat_n(line, new));
        }
        Aftermath { products, links, history }
    }

    fn assert_lease_free(&self, case: &str) {
        let held = self
            .stage
            .odoo
            .snapshot(DATABASE)
            .into_iter()
            .filter(|((model, _), lane)| model == "x_pz_lane" && lane["x_token"].as_str().is_some());
        assert_eq!(held.count(), 0, "{case}: the lease is held");
    }
}

/// How a run may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// With this status, having written nothing.
    With(i32),
    /// As if nothing had happened.
    Well,
    /// In one of the two ways; the status is one for a failure.
    Either,
}

/// Where the fault strikes, and what it is.
#[derive(Debug, Clone)]
enum Case {
    /// At the k-th request, by the proxy.
    Request(usize, Fault),
    /// In the middle of the rows of the products (0) or the barcodes (1), by the server.
    Rows(usize, Sandbox),
}

/// The requests of a run in plain text: PRELOGIN, LOGIN7, then the batches.
const LOGIN: usize = 1;
const DESCRIBE: std::ops::RangeInclusive<usize> = 6..=7;
const BARCODES: usize = 10;
const REQUESTS: usize = 12;
/// Under TLS: PRELOGIN, two flights of the handshake, LOGIN7, then the batches.
const TLS_LOGIN: usize = 3;
const TLS_REQUESTS: usize = 14;

/// How the run ends when the fault strikes every time, and when it strikes once.
fn expected(case: &Case, tls: bool) -> (Ends, Ends) {
    use Ends::{Either, Well, With};
    let login = if tls { TLS_LOGIN } else { LOGIN };
    let by_number = |number, k: usize| match number {
        1205 | 1222 | 3960 | 601 | 596 | 50_020 => (With(1), Well),
        40_613 | 10_928 | 6005 | 17_142 => (With(69), Well),
        // What cannot be described is asked in another way.
        _ if DESCRIBE.contains(&k) => (Well, Well),
        229 | 4060 | 18_456 => (With(77), With(77)),
        // Without SNAPSHOT there is no BEGIN and no COMMIT: the barcodes are request 9.
        3952 if k >= BARCODES => (Well, Well),
        3952 => (With(78), Well),
        other => panic!("{other}"),
    };
    match case {
        Case::Request(k, fault) => match fault {
            Fault::CutBefore | Fault::Cut(_) => (With(69), Well),
            Fault::Stall(_) if *k <= login => (With(69), With(69)),
            Fault::Stall(_) => (With(1), With(1)),
            Fault::Error { .. } | Fault::ErrorAtEnd { .. } if *k < LOGIN => (Either, Either),
            Fault::Error { number, .. } | Fault::ErrorAtEnd { number, .. } => by_number(*number, *k),
            Fault::Garbage | Fault::Nonsense | Fault::Empty | Fault::Flip { .. } | Fault::LastPacketEarly => {
                (Either, Either)
            }
        },
        Case::Rows(_, fault) => match fault {
            Sandbox::Error { error, .. } => by_number(error.number, usize::MAX),
            Sandbox::Cut { .. } => (With(69), Well),
            Sandbox::Mute { .. } => (With(1), Well),
            Sandbox::Stall { .. } => (With(1), With(1)),
            Sandbox::RefuseLogin(_) | Sandbox::DropConnection => (Either, Either),
        },
    }
}

/// A part of what a message has to say.
fn says(case: &Case, status: i32, tls: bool) -> &'static str {
    let login = if tls { TLS_LOGIN } else { LOGIN };
    match case {
        Case::Request(k, Fault::Stall(_)) if *k <= login => "said nothing",
        Case::Request(_, Fault::Stall(_)) | Case::Rows(_, Sandbox::Stall { .. }) => "raise query_timeout",
        Case::Request(k, Fault::CutBefore | Fault::Cut(_)) if *k <= login => "hung up before the login was done",
        Case::Request(_, Fault::CutBefore | Fault::Cut(_)) | Case::Rows(_, Sandbox::Cut { .. }) => {
            "look at the network and SQL Server's error log"
        }
        Case::Rows(_, Sandbox::Mute { .. }) => "the answer was cut short",
        Case::Request(_, Fault::Error { .. } | Fault::ErrorAtEnd { .. }) => match status {
            77 => "the account lacks",
            78 => "ALLOW_SNAPSHOT_ISOLATION",
            69 => "later",
            _ => "SQL Server",
        },
        Case::Request(..) | Case::Rows(..) => "SQL Server",
    }
}

impl Lane {
    /// Where nothing more comes, the tool waits in vain for as long as it is told; two seconds are the least that a busy
    /// machine cannot mistake an answer for. All other runs have their usual patience.
    fn be_patient(&self, case: Option<&Case>, tls: bool) {
        let login = if tls { TLS_LOGIN } else { LOGIN };
        let limits = match case {
            Some(Case::Request(k, Fault::Stall(_))) if *k > login => "query_timeout = 2\n",
            Some(Case::Rows(_, Sandbox::Stall { .. })) => "query_timeout = 2\n",
            None
            | Some(
                Case::Request(_, Fault::CutBefore | Fault::Cut(_) | Fault::Error { .. } | Fault::ErrorAtEnd { .. })
                | Case::Rows(..),
            ) => "",
            Some(Case::Request(..)) => "connect_timeout = 2\nquery_timeout = 2\n",
        };
        let port = format!("port = {}\n", self.proxy.port());
        std::fs::write(self.stage.bench.config(), self.config.replace(&port, &format!("{port}{limits}"))).unwrap();
    }

    fn order(&self, case: &Case, times: usize) {
        self.stage.bench.mssql.clear_faults();
        self.proxy.order(None);
        match case {
            Case::Request(k, fault) => self.proxy.order(Some(Order { k: *k, fault: fault.clone(), times })),
            Case::Rows(skip, fault) => {
                for _ in 0..times.min(10) {
                    self.stage.bench.mssql.fail_after(*skip, fault.clone());
                }
            }
        }
    }

    /// One run; `true` when it came to its end as if nothing had happened.
    fn attempt(&self, case: &Case, tls: bool, ends: Ends, told: &str) -> bool {
        let before = self.stage.records();
        let mut run = self.run(&[]);
        // On a very busy machine a run may lose its patience before the fault; nothing came of it, so it is run again.
        for _ in 0..3 {
            if self.proxy.struck() == 0 && matches!(case, Case::Request(_, Fault::Stall(_))) && run.status != 0 {
                run = self.run(&[]);
            }
        }
        assert!(self.proxy.struck() > 0 || matches!(case, Case::Rows(..)), "{told}: the fault did not strike");
        let said = format!("{told}: status {}\n{}", run.status, run.stderr);
        match ends {
            Ends::With(status) => assert_eq!(run.status, status, "{said}"),
            Ends::Well => assert_eq!(run.status, 0, "{said}"),
            Ends::Either => assert!([0, 1, 69, 78].contains(&run.status), "{said}"),
        }
        if run.status == 0 {
            assert_eq!(run.stderr, "", "{told}");
            return true;
        }
        let lines: Vec<&str> = run.stderr.lines().collect();
        assert!(lines.len() == 1 && lines[0].starts_with("erpsync: "), "{said}");
        assert!(!run.stderr.trim_end().contains(char::is_control) && !run.stderr.contains('\u{202e}'), "{said}");
        if !matches!(ends, Ends::Either) {
            let wanted = match case {
                Case::Request(LOGIN, Fault::Error { number: 4060 | 18_456, .. }) => "error ",
                _ => says(case, run.status, tls),
            };
            assert!(lines[0].contains(wanted), "no {wanted:?}: {said}");
        }
        assert_eq!(self.stage.records(), before, "{told}: a run that died wrote something");
        self.assert_lease_free(told);
        false
    }

    fn go_through(&mut self, case: &Case, tls: bool) {
        self.flip();
        let history = self.history();
        let (for_good, once) = expected(case, tls);
        self.be_patient(Some(case), tls);
        self.order(case, usize::MAX);
        let mut done = self.attempt(case, tls, for_good, &format!("{case:?}, tls {tls}, for good"));
        if !done {
            self.order(case, 1);
            done = self.attempt(case, tls, once, &format!("{case:?}, tls {tls}, once"));
        }
        self.stage.bench.mssql.clear_faults();
        self.proxy.order(None);
        self.be_patient(None, tls);
        if !done {
            self.run(&[]).expect(0);
        }
        self.assert_lease_free("after the clean run");
        assert_eq!(self.aftermath(&history), self.expected[self.now], "{case:?}, tls {tls}: another end");
    }
}

fn plain_cases() -> Vec<Case> {
    let error = |number, severity| Fault::Error { number, severity, hang_up: false };
    let mut kinds = vec![Fault::CutBefore];
    let cuts = [At::Byte(0), At::Byte(3), At::Byte(8), At::Byte(9), At::Byte(13), At::Packet, At::Half, At::End];
    kinds.extend(cuts.map(Fault::Cut));
    kinds.extend([At::Byte(0), At::Byte(5), At::Half, At::End].map(Fault::Stall));
    kinds.extend(
        [(1205, 13), (1222, 16), (3960, 16), (601, 12), (229, 14), (3952, 16), (40_613, 17)].map(|(n, s)| error(n, s)),
    );
    kinds.extend([(10_928, 20), (50_020, 20), (596, 21)].map(|(n, s)| error(n, s)));
    kinds.extend([6005, 17_142].map(|number| Fault::Error { number, severity: 14, hang_up: true }));
    kinds.extend(
        [(1205, 13), (3960, 16), (40_613, 17)].map(|(number, severity)| Fault::ErrorAtEnd { number, severity }),
    );
    kinds.extend([Fault::Garbage, Fault::Nonsense, Fault::Empty, Fault::LastPacketEarly]);
    kinds.extend([0, 1, 2, 3, 5].map(|from_start| Fault::Flip { from_start }));
    let mut cases = crossed(&kinds, REQUESTS);
    cases.extend([(4060, 11), (18_456, 14)].map(|(n, s)| Case::Request(LOGIN, error(n, s))));
    for query in [0, 1] {
        for after_rows in [0, 1, 50] {
            let error =
                |number, class| Sandbox::Error { error: SqlError::new(number, class, 1, "in mid-row"), after_rows };
            let faults =
                [(1205, 13), (1222, 16), (3960, 16), (601, 12), (40_613, 17), (596, 21)].map(|(n, c)| error(n, c));
            let silent = [Sandbox::Mute { after_rows }, Sandbox::Cut { after_rows }, Sandbox::Stall { after_rows }];
            cases.extend(faults.into_iter().chain(silent).map(|fault| Case::Rows(query, fault)));
        }
    }
    cases
}

fn tls_cases() -> Vec<Case> {
    let mut kinds = vec![Fault::CutBefore, Fault::Garbage];
    kinds.extend([0, 3, 5, 20, 60].map(|n| Fault::Cut(At::Byte(n))));
    kinds.extend([0, 4, 30].map(|n| Fault::Stall(At::Byte(n))));
    crossed(&kinds, TLS_REQUESTS)
}

/// Every kind at every request, in an order in which any few neighbours differ in both.
fn crossed(kinds: &[Fault], requests: usize) -> Vec<Case> {
    let one = |kind: &Fault, k| Case::Request(k, kind.clone());
    (0..requests).flat_map(|k| kinds.iter().map(move |kind| one(kind, k))).collect()
}

/// All of them, or one of so many.
fn chosen(cases: Vec<Case>, one_of: usize) -> Vec<Case> {
    let all = std::env::var("ERPSYNC_TEST_FAULTS").is_ok_and(|v| v == "all");
    cases.into_iter().enumerate().filter(|(n, _)| all || n % one_of == 0).map(|(_, case)| case).collect()
}

fn every(cases: Vec<Case>, tls: bool, lanes: u32, one_of: usize) {
    let all = cases.len();
    let cases = chosen(cases, one_of);
    let next = AtomicUsize::new(0);
    let tried: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let failed: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            let (cases, next, tried, failed) = (&cases, &next, &tried, &failed);
            scope.spawn(move || {
                let version = if lane % 2 == 0 { 14 } else { 19 };
                let mut lane = Lane::new(version, tls);
                let requests = lane.proxy.requests();
                assert_eq!(requests.len(), if tls { TLS_REQUESTS } else { REQUESTS }, "{requests:?}");
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let went = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lane.go_through(case, tls)));
                    if let Err(why) = went {
                        // Other cases are told as well; this lane's Odoo is not what they expect any longer.
                        let why = why.downcast_ref::<String>().cloned().unwrap_or_else(|| format!("{case:?}"));
                        failed.lock().unwrap().push(why);
                        lane = Lane::new(version, tls);
                    }
                    let kind = match case {
                        Case::Request(_, fault) => format!("{fault:?}"),
                        Case::Rows(_, fault) => format!("in the rows: {fault:?}"),
                    };
                    let kind = kind.split([' ', '(']).next().unwrap_or_default().to_owned();
                    *tried.lock().unwrap().entry(kind).or_default() += 1;
                }
                lane.stage.bench.assert_source_untouched();
            });
        }
    });
    let tried = tried.into_inner().unwrap();
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n\n"));
    assert_eq!(tried.values().sum::<usize>(), cases.len());
    println!("source faults, tls {tls}: {} of {all} cases, each for good and once: {tried:?}", cases.len());
}

#[test]
fn every_fault_at_every_request_in_plain_text() {
    // Without a divisor in common with the number of kinds, so that every request and nearly every kind has its turn.
    every(plain_cases(), false, 6, 13);
}

#[test]
fn every_fault_at_every_request_under_tls() {
    every(tls_cases(), true, 3, 9);
}

#[test]
fn a_refused_connection() {
    let mut lane = Lane::new(19, false);
    lane.flip();
    let config = std::fs::read_to_string(lane.stage.bench.config()).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = config.replace(&format!("port = {}", lane.proxy.port()), &format!("port = {closed}"));
    let (history, before) = (lane.history(), lane.stage.records());
    std::fs::write(lane.stage.bench.config(), away).unwrap();
    lane.run(&[]).expect(69).says("the connection was refused").says("firewall");
    assert_eq!(lane.stage.records(), before);
    lane.assert_lease_free("refused");
    std::fs::write(lane.stage.bench.config(), config).unwrap();
    lane.run(&[]).expect(0);
    assert_eq!(lane.aftermath(&history), lane.expected[lane.now]);
}
