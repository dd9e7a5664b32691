//! A kept plan: a file that somebody may have edited, cut off or made up.

use erpsync::plan::kept::KeptPlan;

use super::shown;

/// Any bytes as a plan. The checksum guards against accidents alone, so what stands behind it is looked at without it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sealed = KeptPlan::parse(text);
    if let Err(error) = &sealed {
        shown::error(error);
    }
    let open = KeptPlan::parse_unsealed(text);
    let Ok(kept) = open else {
        assert!(sealed.is_err(), "a plan that cannot be read passed its checksum");
        return;
    };
    if let Ok(sealed) = &sealed {
        assert_eq!(sealed, &kept);
    }
    let written = kept.text();
    let again = KeptPlan::parse(&written);
    assert_eq!(again.as_ref(), Ok(&kept), "a plan is read as it was written: {written}");
    assert_eq!(again.map(|k| k.text()), Ok(written), "the same plan, the same text");
    shown::plan_in_all_formats(&kept.plan);
    let known = kept.changed(&Default::default(), &[]).len();
    assert!(known <= kept.fingerprints.len());
}
