//! What a keyboard wedge types: nothing makes learning or restoring panic or run away.
#![no_main]

use gs1::{Calibration, parse_scan};
use libfuzzer_sys::fuzz_target;
use time::macros::date;

fuzz_target!(|texts: (&str, &str)| {
    let (learned, typed) = texts;
    let baseline = format!("]d1{}", gs1::calibration::calibration_text());
    for learned in [learned.to_owned(), format!("{baseline}{learned}"), baseline.replace('z', learned)] {
        if let Ok(calibration) = Calibration::learn(&learned) {
            let _ = calibration.restore(typed, |text| parse_scan(text, date!(2026 - 11 - 23)).is_ok());
        }
    }
});
