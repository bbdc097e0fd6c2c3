//! Linters of the North American coupon codes, AI 8110 and AI 8112.
//!
//! Source: GS1 US, "North American Coupon Application Guideline Using GS1 DataBar Expanded Symbols" (8110) and
//! "GS1 AI (8112) Coupon Data Specification". No pharmacy prints them; they are here because the dictionary
//! has them and a reader that knows an identifier must not guess at its content.

use super::{LintError, LintFault, date, number, text};

/// What a coupon field is called in its three faults.
struct Field {
    missing: LintError,
    invalid: LintError,
    truncated: LintError,
}

/// Reads a coupon's digits from the left. Missing data is marked over the whole coupon, as the dictionary does.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn done(&self) -> bool {
        self.rest().is_empty()
    }

    /// The rest, or all of it where nothing is left, is too short.
    fn short(&self, error: LintError) -> LintFault {
        if self.done() {
            LintFault::new(error, 0, self.text.len())
        } else {
            LintFault::new(error, self.at, self.rest().len())
        }
    }

    /// One digit that `allowed` admits.
    fn one(&mut self, allowed: &[u8], missing: LintError, invalid: LintError) -> Result<u8, LintFault> {
        let Some(byte) = self.rest().bytes().next() else {
            return Err(self.short(missing));
        };
        if !allowed.contains(&byte) {
            return Err(LintFault::new(invalid, self.at, 1));
        }
        self.at += 1;
        Ok(byte - b'0')
    }

    /// Exactly `length` digits.
    fn many(&mut self, length: usize, truncated: LintError) -> Result<&'a str, LintFault> {
        let Some(taken) = self.rest().get(..length) else {
            return Err(self.short(truncated));
        };
        self.at += length;
        Ok(taken)
    }

    /// A length digit and as many digits as it says, plus `add`.
    fn counted(&mut self, allowed: &[u8], add: usize, field: &Field) -> Result<&'a str, LintFault> {
        let length = self.one(allowed, field.missing, field.invalid)?;
        self.many(usize::from(length) + add, field.truncated)
    }

    /// A company prefix with its length digit; `none` is the length digit that says there is no prefix.
    fn prefix(&mut self, none: Option<u8>, field: &Field) -> Result<(), LintFault> {
        if none.is_some_and(|none| self.rest().bytes().next() == Some(none)) {
            self.at += 1;
            return Ok(());
        }
        let prefix = self.counted(b"0123456", 6, field)?;
        number::gcppos1(prefix)
            .map_err(|fault| LintFault::new(fault.error, self.at - prefix.len(), prefix.len()))
    }

    /// True when the next optional field is the one numbered `digit`, which is then taken.
    fn option(&mut self, digit: u8) -> bool {
        let here = self.rest().bytes().next() == Some(digit);
        self.at += usize::from(here);
        here
    }

    fn end(&self) -> Result<(), LintFault> {
        if self.done() { Ok(()) } else { Err(self.short(LintError::CouponExcessData)) }
    }
}

const DIGITS: &[u8] = b"0123456789";
const SERIAL: Field = Field {
    missing: LintError::CouponMissingSerialNumberVli,
    invalid: LintError::CouponMissingSerialNumberVli,
    truncated: LintError::CouponTruncatedSerialNumber,
};

/// A coupon of AI 8112: format, funder, offer code, serial number.
///
/// # Errors
/// `NON_DIGIT_CHARACTER` or one of the `COUPON_…` names.
pub fn couponposoffer(coupon: &str) -> Result<(), LintFault> {
    text::csetnumeric(coupon)?;
    let mut reader = Reader { text: coupon, at: 0 };
    reader.one(b"01", LintError::CouponMissingFormatCode, LintError::CouponInvalidFormatCode)?;
    let funder = Field {
        missing: LintError::CouponMissingFunderVli,
        invalid: LintError::CouponInvalidFunderLength,
        truncated: LintError::CouponTruncatedFunder,
    };
    reader.counted(b"0123456", 6, &funder)?;
    reader.many(6, LintError::CouponTruncatedOfferCode)?;
    reader.counted(DIGITS, 6, &SERIAL)?;
    reader.end()
}

/// A coupon of AI 8110: company prefix, offer, value, purchase requirements and optional fields 1 to 6 and 9.
///
/// # Errors
/// `NON_DIGIT_CHARACTER`, the names of [`number::gcppos1`] for a company prefix, or one of the `COUPON_…` names.
pub fn couponcode(coupon: &str) -> Result<(), LintFault> {
    text::csetnumeric(coupon)?;
    let mut reader = Reader { text: coupon, at: 0 };
    let gcp = Field {
        missing: LintError::CouponMissingGcpVli,
        invalid: LintError::CouponInvalidGcpLength,
        truncated: LintError::CouponTruncatedGcp,
    };
    reader.prefix(None, &gcp)?;
    reader.many(6, LintError::CouponTruncatedOfferCode)?;
    let value = Field {
        missing: LintError::CouponMissingSaveValueVli,
        invalid: LintError::CouponInvalidSaveValueLength,
        truncated: LintError::CouponTruncatedSaveValue,
    };
    reader.counted(b"12345", 0, &value)?;
    purchase(&mut reader, &FIRST)?;
    if reader.option(b'1') {
        let missing = LintError::CouponMissingAdditionalPurchaseRulesCode;
        reader.one(b"0123", missing, LintError::CouponInvalidAdditionalPurchaseRulesCode)?;
        purchase(&mut reader, &SECOND)?;
        let gcp = Field {
            missing: LintError::CouponMissing2ndPurchaseGcpVli,
            invalid: LintError::CouponInvalid2ndPurchaseGcpLength,
            truncated: LintError::CouponTruncated2ndPurchaseGcp,
        };
        reader.prefix(Some(b'9'), &gcp)?;
    }
    if reader.option(b'2') {
        purchase(&mut reader, &THIRD)?;
        let gcp = Field {
            missing: LintError::CouponMissing3rdPurchaseGcpVli,
            invalid: LintError::CouponInvalid3rdPurchaseGcpLength,
            truncated: LintError::CouponTruncated3rdPurchaseGcp,
        };
        reader.prefix(Some(b'9'), &gcp)?;
    }
    dates(&mut reader)?;
    if reader.option(b'5') {
        reader.counted(DIGITS, 6, &SERIAL)?;
    }
    if reader.option(b'6') {
        let retailer = Field {
            missing: LintError::CouponMissingRetailerGcpOrGlnVli,
            invalid: LintError::CouponInvalidRetailerGcpOrGlnLength,
            truncated: LintError::CouponTruncatedRetailerGcpOrGln,
        };
        let gcp = reader.counted(b"1234567", 6, &retailer)?;
        number::gcppos1(gcp)
            .map_err(|fault| LintFault::new(fault.error, reader.at - gcp.len(), gcp.len()))?;
    }
    if reader.option(b'9') {
        miscellaneous(&mut reader)?;
    }
    reader.end()
}

/// The faults of one purchase requirement.
struct Purchase {
    requirement: Field,
    code_missing: LintError,
    code_invalid: LintError,
    family: LintError,
}

const FIRST: Purchase = Purchase {
    requirement: Field {
        missing: LintError::CouponMissing1stPurchaseRequirementVli,
        invalid: LintError::CouponInvalid1stPurchaseRequirementLength,
        truncated: LintError::CouponTruncated1stPurchaseRequirement,
    },
    code_missing: LintError::CouponMissing1stPurchaseRequirementCode,
    code_invalid: LintError::CouponInvalid1stPurchaseRequirementCode,
    family: LintError::CouponTruncated1stPurchaseFamilyCode,
};

const SECOND: Purchase = Purchase {
    requirement: Field {
        missing: LintError::CouponMissing2ndPurchaseRequirementVli,
        invalid: LintError::CouponInvalid2ndPurchaseRequirementLength,
        truncated: LintError::CouponTruncated2ndPurchaseRequirement,
    },
    code_missing: LintError::CouponMissing2ndPurchaseRequirementCode,
    code_invalid: LintError::CouponInvalid2ndPurchaseRequirementCode,
    family: LintError::CouponTruncated2ndPurchaseFamilyCode,
};

const THIRD: Purchase = Purchase {
    requirement: Field {
        missing: LintError::CouponMissing3rdPurchaseRequirementVli,
        invalid: LintError::CouponInvalid3rdPurchaseRequirementLength,
        truncated: LintError::CouponTruncated3rdPurchaseRequirement,
    },
    code_missing: LintError::CouponMissing3rdPurchaseRequirementCode,
    code_invalid: LintError::CouponInvalid3rdPurchaseRequirementCode,
    family: LintError::CouponTruncated3rdPurchaseFamilyCode,
};

/// A purchase requirement, its code, its family code.
fn purchase(reader: &mut Reader<'_>, names: &Purchase) -> Result<(), LintFault> {
    reader.counted(b"12345", 0, &names.requirement)?;
    reader.one(b"012349", names.code_missing, names.code_invalid)?;
    reader.many(3, names.family)?;
    Ok(())
}

/// Optional fields 3 and 4: expiration and start.
fn dates(reader: &mut Reader<'_>) -> Result<(), LintFault> {
    let mut expires = None;
    if reader.option(b'3') {
        let day = reader.many(6, LintError::CouponTooShortForExpirationDate)?;
        let fault = LintFault::new(LintError::CouponInvalidExipirationDate, reader.at - 6, 6);
        date::yymmdd(day).map_err(|_| fault)?;
        expires = Some(day);
    }
    if reader.option(b'4') {
        let day = reader.many(6, LintError::CouponTooShortForStartDate)?;
        date::yymmdd(day).map_err(|_| LintFault::new(LintError::CouponInvalidStartDate, reader.at - 6, 6))?;
        // Six digits of one century compare as text. Both fields are at fault, with their digits 3 and 4.
        if expires.is_some_and(|expires| expires < day) {
            return Err(LintFault::new(LintError::CouponExpirationBeforeStart, reader.at - 14, 14));
        }
    }
    Ok(())
}

/// Optional field 9: what the value means and how it may be used.
fn miscellaneous(reader: &mut Reader<'_>) -> Result<(), LintFault> {
    let missing = LintError::CouponMissingSaveValueCode;
    reader.one(b"01256", missing, LintError::CouponInvalidSaveValueCode)?;
    let missing = LintError::CouponMissingSaveValueAppliesToItem;
    reader.one(b"012", missing, LintError::CouponInvalidSaveValueAppliesToItem)?;
    let missing = LintError::CouponMissingStoreCouponFlag;
    reader.one(DIGITS, missing, missing)?;
    let missing = LintError::CouponMissingDontMultiplyFlag;
    reader.one(b"01", missing, LintError::CouponInvalidDontMultiplyFlag)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_must_not_expire_before_it_starts() {
        let fault = couponcode("01234561234561111012335006064500607").unwrap_err();
        assert_eq!(fault, LintFault::new(LintError::CouponExpirationBeforeStart, 21, 14));
        assert_eq!(couponcode("01234561234561111012335006064500606"), Ok(()));
    }
}
