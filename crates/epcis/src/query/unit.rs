//! Units of measure in which values can be compared (UN/CEFACT Recommendation 20; EPCIS 2.0 section 8.2.7.1 lets a query
//! ask in another unit than the one that a value was recorded in).

use crate::model::Decimal;

/// A unit: `base = (value + shift) × numerator ÷ denominator × 10^power`.
struct Unit {
    code: &'static str,
    dimension: &'static str,
    /// In hundredths.
    shift: i128,
    numerator: i128,
    denominator: i128,
    power: i32,
}

const fn unit(
    code: &'static str,
    dimension: &'static str,
    numerator: i128,
    denominator: i128,
    power: i32,
) -> Unit {
    Unit { code, dimension, shift: 0, numerator, denominator, power }
}

const fn shifted(mut unit: Unit, hundredths: i128) -> Unit {
    unit.shift = hundredths;
    unit
}

/// The units of what sensors in a supply chain measure, and of quantities. Factors are exact by definition, but for the
/// pound-force per square inch, the degree and the horsepower.
const UNITS: &[Unit] = &[
    unit("KEL", "temperature", 1, 1, 0),
    shifted(unit("CEL", "temperature", 1, 1, 0), 27_315),
    shifted(unit("FAH", "temperature", 5, 9, 0), 45_967),
    unit("A48", "temperature", 5, 9, 0),
    unit("KGM", "mass", 1, 1, 0),
    unit("GRM", "mass", 1, 1, -3),
    unit("MGM", "mass", 1, 1, -6),
    unit("MC", "mass", 1, 1, -9),
    unit("CGM", "mass", 1, 1, -5),
    unit("DG", "mass", 1, 1, -4),
    unit("HGM", "mass", 1, 1, -1),
    unit("DTN", "mass", 1, 1, 2),
    unit("TNE", "mass", 1, 1, 3),
    unit("LBR", "mass", 45_359_237, 1, -8),
    unit("ONZ", "mass", 28_349_523_125, 1, -12),
    unit("STI", "mass", 635_029_318, 1, -8),
    unit("STN", "mass", 90_718_474, 1, -5),
    unit("LTN", "mass", 10_160_469_088, 1, -7),
    unit("MTR", "length", 1, 1, 0),
    unit("DMT", "length", 1, 1, -1),
    unit("CMT", "length", 1, 1, -2),
    unit("MMT", "length", 1, 1, -3),
    unit("4H", "length", 1, 1, -6),
    unit("C45", "length", 1, 1, -9),
    unit("HMT", "length", 1, 1, 2),
    unit("KMT", "length", 1, 1, 3),
    unit("INH", "length", 254, 1, -4),
    unit("FOT", "length", 3_048, 1, -4),
    unit("YRD", "length", 9_144, 1, -4),
    unit("SMI", "length", 1_609_344, 1, -3),
    unit("NMI", "length", 1_852, 1, 0),
    unit("MTK", "area", 1, 1, 0),
    unit("DMK", "area", 1, 1, -2),
    unit("CMK", "area", 1, 1, -4),
    unit("MMK", "area", 1, 1, -6),
    unit("KMK", "area", 1, 1, 6),
    unit("HAR", "area", 1, 1, 4),
    unit("INK", "area", 64_516, 1, -8),
    unit("FTK", "area", 9_290_304, 1, -8),
    unit("YDK", "area", 83_612_736, 1, -8),
    unit("MTQ", "volume", 1, 1, 0),
    unit("DMQ", "volume", 1, 1, -3),
    unit("CMQ", "volume", 1, 1, -6),
    unit("MMQ", "volume", 1, 1, -9),
    unit("LTR", "volume", 1, 1, -3),
    unit("DLT", "volume", 1, 1, -4),
    unit("CLT", "volume", 1, 1, -5),
    unit("MLT", "volume", 1, 1, -6),
    unit("4G", "volume", 1, 1, -9),
    unit("HLT", "volume", 1, 1, -1),
    unit("INQ", "volume", 16_387_064, 1, -12),
    unit("FTQ", "volume", 28_316_846_592, 1, -12),
    unit("GLL", "volume", 3_785_411_784, 1, -12),
    unit("GLI", "volume", 454_609, 1, -8),
    unit("OZA", "volume", 295_735_295_625, 1, -16),
    unit("OZI", "volume", 284_130_625, 1, -13),
    unit("SEC", "time", 1, 1, 0),
    unit("C26", "time", 1, 1, -3),
    unit("B98", "time", 1, 1, -6),
    unit("MIN", "time", 60, 1, 0),
    unit("HUR", "time", 3_600, 1, 0),
    unit("DAY", "time", 86_400, 1, 0),
    unit("WEE", "time", 604_800, 1, 0),
    unit("PAL", "pressure", 1, 1, 0),
    unit("A97", "pressure", 1, 1, 2),
    unit("MBR", "pressure", 1, 1, 2),
    unit("KPA", "pressure", 1, 1, 3),
    unit("BAR", "pressure", 1, 1, 5),
    unit("MPA", "pressure", 1, 1, 6),
    unit("ATM", "pressure", 101_325, 1, 0),
    unit("HN", "pressure", 133_322, 1, -3),
    unit("PS", "pressure", 6_894_757, 1, -3),
    unit("MTS", "speed", 1, 1, 0),
    unit("KMH", "speed", 5, 18, 0),
    unit("HM", "speed", 44_704, 1, -5),
    unit("KNT", "speed", 1_852, 3_600, 0),
    unit("MSK", "acceleration", 1, 1, 0),
    unit("K40", "acceleration", 980_665, 1, -5),
    unit("AMP", "current", 1, 1, 0),
    unit("4K", "current", 1, 1, -3),
    unit("B84", "current", 1, 1, -6),
    unit("VLT", "voltage", 1, 1, 0),
    unit("2Z", "voltage", 1, 1, -3),
    unit("KVT", "voltage", 1, 1, 3),
    unit("OHM", "resistance", 1, 1, 0),
    unit("B49", "resistance", 1, 1, 3),
    unit("B75", "resistance", 1, 1, 6),
    unit("WTT", "power", 1, 1, 0),
    unit("C31", "power", 1, 1, -3),
    unit("KWT", "power", 1, 1, 3),
    unit("MAW", "power", 1, 1, 6),
    unit("BHP", "power", 7_457, 1, -1),
    unit("JOU", "energy", 1, 1, 0),
    unit("KJO", "energy", 1, 1, 3),
    unit("3B", "energy", 1, 1, 6),
    unit("WHR", "energy", 3_600, 1, 0),
    unit("KWH", "energy", 36, 1, 5),
    unit("HTZ", "frequency", 1, 1, 0),
    unit("KHZ", "frequency", 1, 1, 3),
    unit("MHZ", "frequency", 1, 1, 6),
    unit("A86", "frequency", 1, 1, 9),
    unit("NEW", "force", 1, 1, 0),
    unit("B47", "force", 1, 1, 3),
    unit("P1", "ratio", 1, 1, -2),
    unit("C62", "ratio", 1, 1, 0),
    unit("NX", "ratio", 1, 1, -3),
    unit("59", "ratio", 1, 1, -6),
    unit("A93", "density", 1, 1, -3),
    unit("KMQ", "density", 1, 1, 0),
    unit("23", "density", 1, 1, 3),
    unit("GP", "density", 1, 1, -6),
    unit("LUX", "illuminance", 1, 1, 0),
    unit("DD", "angle", 1, 1, 0),
    unit("D61", "angle", 1, 60, 0),
    unit("C34", "amount", 1, 1, 0),
    unit("C18", "amount", 1, 1, -3),
    unit("AD", "information", 1, 1, 0),
    unit("2P", "information", 1, 1, 3),
    unit("4L", "information", 1, 1, 6),
];

/// Digits that a converted value keeps: more than any sensor has, and few enough that a value converted there and back
/// is the same.
const DIGITS: usize = 15;

/// The dimension of a unit and the value in that dimension's base unit, so that values in any of its units compare. A
/// unit that is not known is a dimension of its own.
pub(super) fn in_base(value: &Decimal, uom: &str) -> (String, Decimal) {
    let known = UNITS.iter().find(|unit| unit.code == uom);
    match known.and_then(|unit| Some((unit, convert(value, unit)?))) {
        Some((unit, base)) => (unit.dimension.to_owned(), base),
        None => (format!("UOM {uom}"), value.clone()),
    }
}

/// The same of a difference of two values, such as a standard deviation: where scales begin does not matter.
pub(super) fn difference_in_base(value: &Decimal, uom: &str) -> (String, Decimal) {
    let known = UNITS.iter().find(|unit| unit.code == uom);
    let plain = known.map(|unit| Unit { shift: 0, ..*unit });
    match plain.and_then(|unit| Some((unit.dimension, convert(value, &unit)?))) {
        Some((dimension, base)) => (dimension.to_owned(), base),
        None => (format!("UOM {uom}"), value.clone()),
    }
}

/// `None` for a value that is too long or too far from 1 to be one of a sensor.
fn convert(value: &Decimal, unit: &Unit) -> Option<Decimal> {
    let (mut digits, mut power) = value
        .scaled()
        .filter(|(digits, power)| digits.unsigned_abs() < 10_u128.pow(18) && (-18..=18).contains(power))?;
    if unit.shift != 0 {
        // Both in the finer of hundredths and the value's own digits.
        let finest = power.min(-2);
        digits = digits
            .checked_mul(ten(power - finest)?)?
            .checked_add(unit.shift.checked_mul(ten(-2 - finest)?)?)?;
        power = finest;
    }
    let mut product = digits.checked_mul(unit.numerator)?;
    let mut spare = 0;
    if unit.denominator != 1 {
        while let Some(next) = product.checked_mul(10).filter(|next| next.unsigned_abs() < 10_u128.pow(36)) {
            if product == 0 {
                break;
            }
            product = next;
            spare += 1;
        }
        product /= unit.denominator;
    }
    Some(rounded(product, power + unit.power - spare))
}

fn ten(power: i32) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(power).ok()?)
}

fn rounded(mut digits: i128, mut power: i32) -> Decimal {
    let most = 10_i128.pow(u32::try_from(DIGITS).unwrap_or(1));
    let mut half = false;
    while digits.abs() >= most {
        half = (digits % 10).abs() >= 5;
        digits /= 10;
        power += 1;
    }
    if half {
        digits += digits.signum();
    }
    Decimal::parse(&format!("{digits}E{power}")).unwrap_or_else(|| Decimal::from_u64(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(value: &str, uom: &str) -> (String, String) {
        let (dimension, value) = in_base(&Decimal::parse(value).unwrap(), uom);
        (dimension, value.normalised())
    }

    #[test]
    fn one_value_is_the_same_in_every_unit() {
        for (left, right) in [
            (("20", "CEL"), ("293.15", "KEL")),
            (("-40", "CEL"), ("-40", "FAH")),
            (("68", "FAH"), ("20.0", "CEL")),
            (("1.5", "KGM"), ("1500", "GRM")),
            (("1", "LBR"), ("453.59237", "GRM")),
            (("1013.25", "MBR"), ("1", "ATM")),
            (("36", "KMH"), ("10", "MTS")),
            (("55.5", "P1"), ("0.555", "C62")),
        ] {
            assert_eq!(base(left.0, left.1), base(right.0, right.1));
        }
    }

    #[test]
    fn what_cannot_be_converted_stays_as_it_is() {
        assert_eq!(base("5.50", "XYZ"), ("UOM XYZ".to_owned(), "5.5".to_owned()));
        let long = "123456789012345678901234567890";
        assert_eq!(base(long, "CEL"), ("UOM CEL".to_owned(), Decimal::parse(long).unwrap().normalised()));
    }

    #[test]
    fn codes_are_named_once() {
        let mut codes: Vec<&str> = UNITS.iter().map(|unit| unit.code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
