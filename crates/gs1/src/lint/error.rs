//! The names of what can be wrong with the content of a field.
//!
//! The names are those of the GS1 Barcode Syntax Dictionary's linters, so that a fault told by us and one
//! told by GS1's own engine can be compared letter by letter.

/// Declares [`LintError`]: variant, the dictionary's name, what it means.
macro_rules! lint_errors {
    ($($variant:ident $code:literal $message:literal)+) => {
        /// What a linter found; [`code`](Self::code) is the dictionary's own name for it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
        #[non_exhaustive]
        pub enum LintError {
            $(#[doc = $message] #[error($message)] $variant,)+
        }

        impl LintError {
            /// Every name, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The dictionary's name, for instance `INCORRECT_CHECK_DIGIT`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

lint_errors! {
    NonDigitCharacter "NON_DIGIT_CHARACTER" "a character is not a digit"
    InvalidCset82Character "INVALID_CSET82_CHARACTER" "a character is outside GS1 character set 82"
    InvalidCset39Character "INVALID_CSET39_CHARACTER" "a character is outside GS1 character set 39"
    InvalidCset32Character "INVALID_CSET32_CHARACTER" "a check character is outside GS1 character set 32"
    InvalidCset64Character "INVALID_CSET64_CHARACTER" "a character is outside GS1 character set 64"
    InvalidCset64Padding "INVALID_CSET64_PADDING" "the base64 padding does not fit the length"
    IncorrectCheckDigit "INCORRECT_CHECK_DIGIT" "the check digit is wrong"
    TooShortForCheckDigit "TOO_SHORT_FOR_CHECK_DIGIT" "too short to have a check digit"
    IncorrectCheckPair "INCORRECT_CHECK_PAIR" "the check character pair is wrong"
    TooShortForCheckPair "TOO_SHORT_FOR_CHECK_PAIR" "too short to have a check character pair"
    TooLongForCheckPairImplementation "TOO_LONG_FOR_CHECK_PAIR_IMPLEMENTATION" "too long for a check character pair"
    GcpDatasourceOffline "GCP_DATASOURCE_OFFLINE" "the source of company prefixes is not at hand"
    TooShortForGcp "TOO_SHORT_FOR_GCP" "too short to begin with a company prefix"
    InvalidGcpPrefix "INVALID_GCP_PREFIX" "does not begin with a company prefix"
    ImporterIdxMustBeOneCharacter "IMPORTER_IDX_MUST_BE_ONE_CHARACTER" "the importer index is one character"
    InvalidImportIdxCharacter "INVALID_IMPORT_IDX_CHARACTER" "a character cannot be an importer index"
    IllegalZeroValue "ILLEGAL_ZERO_VALUE" "the value must not be zero"
    NotZero "NOT_ZERO" "the value must be zero"
    IllegalZeroPrefix "ILLEGAL_ZERO_PREFIX" "a leading zero is not allowed"
    NotZeroOrOne "NOT_ZERO_OR_ONE" "must be 0 or 1"
    InvalidWindingDirection "INVALID_WINDING_DIRECTION" "the winding direction is 0, 1 or 9"
    NotIso3166 "NOT_ISO3166" "not a numeric country code of ISO 3166"
    NotIso3166Or999 "NOT_ISO3166_OR_999" "not a numeric country code of ISO 3166, nor 999"
    NotIso3166Alpha2 "NOT_ISO3166_ALPHA2" "not a two-letter country code of ISO 3166"
    NotIso4217 "NOT_ISO4217" "not a numeric currency code of ISO 4217"
    IbanTooShort "IBAN_TOO_SHORT" "too short for an IBAN"
    IbanTooLong "IBAN_TOO_LONG" "too long for an IBAN"
    InvalidIbanCharacter "INVALID_IBAN_CHARACTER" "a character cannot stand in an IBAN"
    IllegalIbanCountryCode "ILLEGAL_IBAN_COUNTRY_CODE" "the IBAN does not begin with a country code"
    IncorrectIbanChecksum "INCORRECT_IBAN_CHECKSUM" "the check digits of the IBAN are wrong"
    DateTooShort "DATE_TOO_SHORT" "too short for a date"
    DateTooLong "DATE_TOO_LONG" "too long for a date"
    HourTooShort "HOUR_TOO_SHORT" "too short for an hour"
    HourTooLong "HOUR_TOO_LONG" "too long for an hour"
    MinuteTooShort "MINUTE_TOO_SHORT" "too short for a minute"
    MinuteTooLong "MINUTE_TOO_LONG" "too long for a minute"
    SecondTooShort "SECOND_TOO_SHORT" "too short for a second"
    SecondTooLong "SECOND_TOO_LONG" "too long for a second"
    HourWithMinuteTooShort "HOUR_WITH_MINUTE_TOO_SHORT" "too short for hour and minute"
    HourWithMinuteTooLong "HOUR_WITH_MINUTE_TOO_LONG" "too long for hour and minute"
    IllegalMonth "ILLEGAL_MONTH" "no such month"
    IllegalDay "ILLEGAL_DAY" "no such day in that month"
    IllegalHour "ILLEGAL_HOUR" "no such hour"
    IllegalMinute "ILLEGAL_MINUTE" "no such minute"
    IllegalSecond "ILLEGAL_SECOND" "no such second"
    InvalidLengthForPieceOfTotal "INVALID_LENGTH_FOR_PIECE_OF_TOTAL" "piece and total must have the same number of digits"
    ZeroPieceNumber "ZERO_PIECE_NUMBER" "the piece number is zero"
    ZeroTotalPieces "ZERO_TOTAL_PIECES" "the total of pieces is zero"
    PieceNumberExceedsTotal "PIECE_NUMBER_EXCEEDS_TOTAL" "the piece number is above the total"
    InvalidPercentSequence "INVALID_PERCENT_SEQUENCE" "a percent sign is not followed by two hexadecimal digits"
    PositionInSequenceMalformed "POSITION_IN_SEQUENCE_MALFORMED" "not of the form position/end"
    PositionExceedsEnd "POSITION_EXCEEDS_END" "the position is above the end"
    InvalidLatitude "INVALID_LATITUDE" "the latitude is above 1800000000"
    InvalidLongitude "INVALID_LONGITUDE" "the longitude is above 3600000000"
    LatitudeInvalidLength "LATITUDE_INVALID_LENGTH" "a latitude has ten digits"
    LongitudeInvalidLength "LONGITUDE_INVALID_LENGTH" "a longitude has ten digits"
    InvalidMediaType "INVALID_MEDIA_TYPE" "not an AIDC media type"
    InvalidPackageType "INVALID_PACKAGE_TYPE" "not a package type code"
    InvalidBiologicalSexCode "INVALID_BIOLOGICAL_SEX_CODE" "not a code of ISO/IEC 5218"
    NotHyphen "NOT_HYPHEN" "only hyphens are allowed"
    RequiresNonDigitCharacter "REQUIRES_NON_DIGIT_CHARACTER" "at least one character must not be a digit"
    CouponMissingFormatCode "COUPON_MISSING_FORMAT_CODE" "coupon: no format code"
    CouponInvalidFormatCode "COUPON_INVALID_FORMAT_CODE" "coupon: the format code is 0 or 1"
    CouponMissingFunderVli "COUPON_MISSING_FUNDER_VLI" "coupon: no length of the funder"
    CouponInvalidFunderLength "COUPON_INVALID_FUNDER_LENGTH" "coupon: the length of the funder is 0 to 6"
    CouponTruncatedFunder "COUPON_TRUNCATED_FUNDER" "coupon: the funder is shorter than announced"
    CouponTruncatedOfferCode "COUPON_TRUNCATED_OFFER_CODE" "coupon: the offer code has six digits"
    CouponMissingSerialNumberVli "COUPON_MISSING_SERIAL_NUMBER_VLI" "coupon: no length of the serial number"
    CouponTruncatedSerialNumber "COUPON_TRUNCATED_SERIAL_NUMBER" "coupon: the serial number is shorter than announced"
    CouponMissingGcpVli "COUPON_MISSING_GCP_VLI" "coupon: no length of the company prefix"
    CouponInvalidGcpLength "COUPON_INVALID_GCP_LENGTH" "coupon: the length of the company prefix is 0 to 6"
    CouponTruncatedGcp "COUPON_TRUNCATED_GCP" "coupon: the company prefix is shorter than announced"
    CouponMissingSaveValueVli "COUPON_MISSING_SAVE_VALUE_VLI" "coupon: no length of the save value"
    CouponInvalidSaveValueLength "COUPON_INVALID_SAVE_VALUE_LENGTH" "coupon: the length of the save value is 1 to 5"
    CouponTruncatedSaveValue "COUPON_TRUNCATED_SAVE_VALUE" "coupon: the save value is shorter than announced"
    CouponMissing1stPurchaseRequirementVli "COUPON_MISSING_1ST_PURCHASE_REQUIREMENT_VLI" "coupon: no length of the first purchase requirement"
    CouponInvalid1stPurchaseRequirementLength "COUPON_INVALID_1ST_PURCHASE_REQUIREMENT_LENGTH" "coupon: the length of the first purchase requirement is 1 to 5"
    CouponTruncated1stPurchaseRequirement "COUPON_TRUNCATED_1ST_PURCHASE_REQUIREMENT" "coupon: the first purchase requirement is shorter than announced"
    CouponMissing1stPurchaseRequirementCode "COUPON_MISSING_1ST_PURCHASE_REQUIREMENT_CODE" "coupon: no code of the first purchase requirement"
    CouponInvalid1stPurchaseRequirementCode "COUPON_INVALID_1ST_PURCHASE_REQUIREMENT_CODE" "coupon: the code of the first purchase requirement is 0 to 4 or 9"
    CouponTruncated1stPurchaseFamilyCode "COUPON_TRUNCATED_1ST_PURCHASE_FAMILY_CODE" "coupon: the first purchase family code has three digits"
    CouponMissingAdditionalPurchaseRulesCode "COUPON_MISSING_ADDITIONAL_PURCHASE_RULES_CODE" "coupon: no code of the additional purchase rules"
    CouponInvalidAdditionalPurchaseRulesCode "COUPON_INVALID_ADDITIONAL_PURCHASE_RULES_CODE" "coupon: the code of the additional purchase rules is 0 to 3"
    CouponMissing2ndPurchaseRequirementVli "COUPON_MISSING_2ND_PURCHASE_REQUIREMENT_VLI" "coupon: no length of the second purchase requirement"
    CouponInvalid2ndPurchaseRequirementLength "COUPON_INVALID_2ND_PURCHASE_REQUIREMENT_LENGTH" "coupon: the length of the second purchase requirement is 1 to 5"
    CouponTruncated2ndPurchaseRequirement "COUPON_TRUNCATED_2ND_PURCHASE_REQUIREMENT" "coupon: the second purchase requirement is shorter than announced"
    CouponMissing2ndPurchaseRequirementCode "COUPON_MISSING_2ND_PURCHASE_REQUIREMENT_CODE" "coupon: no code of the second purchase requirement"
    CouponInvalid2ndPurchaseRequirementCode "COUPON_INVALID_2ND_PURCHASE_REQUIREMENT_CODE" "coupon: the code of the second purchase requirement is 0 to 4 or 9"
    CouponTruncated2ndPurchaseFamilyCode "COUPON_TRUNCATED_2ND_PURCHASE_FAMILY_CODE" "coupon: the second purchase family code has three digits"
    CouponMissing2ndPurchaseGcpVli "COUPON_MISSING_2ND_PURCHASE_GCP_VLI" "coupon: no length of the second purchase company prefix"
    CouponInvalid2ndPurchaseGcpLength "COUPON_INVALID_2ND_PURCHASE_GCP_LENGTH" "coupon: the length of the second purchase company prefix is 0 to 6 or 9"
    CouponTruncated2ndPurchaseGcp "COUPON_TRUNCATED_2ND_PURCHASE_GCP" "coupon: the second purchase company prefix is shorter than announced"
    CouponMissing3rdPurchaseRequirementVli "COUPON_MISSING_3RD_PURCHASE_REQUIREMENT_VLI" "coupon: no length of the third purchase requirement"
    CouponInvalid3rdPurchaseRequirementLength "COUPON_INVALID_3RD_PURCHASE_REQUIREMENT_LENGTH" "coupon: the length of the third purchase requirement is 1 to 5"
    CouponTruncated3rdPurchaseRequirement "COUPON_TRUNCATED_3RD_PURCHASE_REQUIREMENT" "coupon: the third purchase requirement is shorter than announced"
    CouponMissing3rdPurchaseRequirementCode "COUPON_MISSING_3RD_PURCHASE_REQUIREMENT_CODE" "coupon: no code of the third purchase requirement"
    CouponInvalid3rdPurchaseRequirementCode "COUPON_INVALID_3RD_PURCHASE_REQUIREMENT_CODE" "coupon: the code of the third purchase requirement is 0 to 4 or 9"
    CouponTruncated3rdPurchaseFamilyCode "COUPON_TRUNCATED_3RD_PURCHASE_FAMILY_CODE" "coupon: the third purchase family code has three digits"
    CouponMissing3rdPurchaseGcpVli "COUPON_MISSING_3RD_PURCHASE_GCP_VLI" "coupon: no length of the third purchase company prefix"
    CouponInvalid3rdPurchaseGcpLength "COUPON_INVALID_3RD_PURCHASE_GCP_LENGTH" "coupon: the length of the third purchase company prefix is 0 to 6 or 9"
    CouponTruncated3rdPurchaseGcp "COUPON_TRUNCATED_3RD_PURCHASE_GCP" "coupon: the third purchase company prefix is shorter than announced"
    CouponTooShortForExpirationDate "COUPON_TOO_SHORT_FOR_EXPIRATION_DATE" "coupon: too short for the expiration date"
    CouponInvalidExipirationDate "COUPON_INVALID_EXIPIRATION_DATE" "coupon: the expiration date is no date"
    CouponTooShortForStartDate "COUPON_TOO_SHORT_FOR_START_DATE" "coupon: too short for the start date"
    CouponInvalidStartDate "COUPON_INVALID_START_DATE" "coupon: the start date is no date"
    CouponExpirationBeforeStart "COUPON_EXPIRATION_BEFORE_START" "coupon: it expires before it starts"
    CouponMissingRetailerGcpOrGlnVli "COUPON_MISSING_RETAILER_GCP_OR_GLN_VLI" "coupon: no length of the retailer"
    CouponInvalidRetailerGcpOrGlnLength "COUPON_INVALID_RETAILER_GCP_OR_GLN_LENGTH" "coupon: the length of the retailer is 1 to 7"
    CouponTruncatedRetailerGcpOrGln "COUPON_TRUNCATED_RETAILER_GCP_OR_GLN" "coupon: the retailer is shorter than announced"
    CouponMissingSaveValueCode "COUPON_MISSING_SAVE_VALUE_CODE" "coupon: no save value code"
    CouponInvalidSaveValueCode "COUPON_INVALID_SAVE_VALUE_CODE" "coupon: the save value code is 0, 1, 2, 5 or 6"
    CouponMissingSaveValueAppliesToItem "COUPON_MISSING_SAVE_VALUE_APPLIES_TO_ITEM" "coupon: no item that the save value applies to"
    CouponInvalidSaveValueAppliesToItem "COUPON_INVALID_SAVE_VALUE_APPLIES_TO_ITEM" "coupon: the save value applies to item 0, 1 or 2"
    CouponMissingStoreCouponFlag "COUPON_MISSING_STORE_COUPON_FLAG" "coupon: no store coupon flag"
    CouponMissingDontMultiplyFlag "COUPON_MISSING_DONT_MULTIPLY_FLAG" "coupon: no multiply flag"
    CouponInvalidDontMultiplyFlag "COUPON_INVALID_DONT_MULTIPLY_FLAG" "coupon: the multiply flag is 0 or 1"
    CouponExcessData "COUPON_EXCESS_DATA" "coupon: data after the last field"
}

/// A fault and where it is: `at` counts characters from 0, `length` is how many are at fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("{error}, at character {at}")]
pub struct LintFault {
    /// What is wrong.
    #[source]
    pub error: LintError,
    /// First character at fault, counted from 0.
    pub at: u32,
    /// How many characters are at fault; 0 when something is missing.
    pub length: u32,
}

impl LintFault {
    /// A fault over `length` characters from `at`; sizes beyond 32 bits saturate.
    #[must_use]
    pub fn new(error: LintError, at: usize, length: usize) -> Self {
        let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { error, at: narrow(at), length: narrow(length) }
    }

    /// The same fault in a longer text in which the field begins at `offset`.
    #[must_use]
    pub const fn shifted(self, offset: u32) -> Self {
        Self { error: self.error, at: self.at.saturating_add(offset), length: self.length }
    }

    /// The dictionary's name of the fault.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.error.code()
    }
}
