//! The calibration barcode as a picture to print.

use std::fmt::Write as _;

use datamatrix::{DataMatrix, SymbolList};

use crate::unusable::Unusable;

/// Light modules around the symbol: one is the standard's least (ISO/IEC 16022), four are read more easily.
const QUIET_ZONE: usize = 4;
/// Width of a module: 0.5 mm, for hand-held scanners at a counter.
const MODULE_MM: f64 = 0.5;

/// A Data Matrix ECC 200 of this text as SVG, in its size in print.
///
/// # Errors
/// [`Unusable::NoBarcode`] where no symbol holds it.
pub fn svg(text: &str) -> Result<String, Unusable> {
    let symbol =
        DataMatrix::encode(text.as_bytes(), SymbolList::default()).map_err(|_| Unusable::NoBarcode)?;
    let bitmap = symbol.bitmap();
    let (width, height) = (bitmap.width() + 2 * QUIET_ZONE, bitmap.height() + 2 * QUIET_ZONE);
    let in_print = |modules: usize| modules as f64 * MODULE_MM;
    let mut path = String::new();
    for (x, y) in bitmap.pixels() {
        // Writing to a string does not fail.
        let _written = write!(path, "M{} {}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {width} {height}\" \
         shape-rendering=\"crispEdges\"><title>Calibration barcode</title><rect width=\"{width}\" height=\"{height}\" \
         fill=\"#fff\"/><path d=\"{path}\"/></svg>",
        in_print(width),
        in_print(height),
    ))
}
