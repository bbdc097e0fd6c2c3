//! The catalogue of problem types: what can be wrong, its URI, status and what to do about it.
//!
//! A URI never changes its meaning; a new meaning gets a new URI. Ours are URNs; those of EPCIS are spelled as
//! GS1's REST binding of EPCIS 2.0 spells them. `docs/api-conventions.md` lists them for readers.

use actix_web::http::StatusCode;

/// Declares [`ProblemType`] and its table in one place, so that no type lacks a column.
macro_rules! problem_types {
    ($($(#[doc = $doc:literal])+ $name:ident = $uri:literal, $status:ident, $title:literal, $next:literal;)+) => {
        /// What is wrong, as a client can match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProblemType {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ProblemType {
            /// Every type, in the catalogue's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The URI in the member `type` (RFC 9457 section 3.1.1).
            #[must_use]
            pub const fn uri(self) -> &'static str {
                match self { $(Self::$name => $uri,)+ }
            }

            /// The HTTP status this type is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// A short summary, the same at every occurrence (RFC 9457 section 3.1.3).
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What the caller should do next, in plain words.
            #[must_use]
            pub const fn next_action(self) -> &'static str {
                match self { $(Self::$name => $next,)+ }
            }

            /// What it means, from the catalogue's own documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+),)+ }
            }
        }
    };
}

problem_types! {
    // ---- the request as such
    /// The body is not JSON: it breaks off or breaks the grammar. `errors` gives line and column.
    MalformedJson = "urn:theriac:problem:malformed-json", BAD_REQUEST,
        "The body is not well-formed JSON", "Correct the JSON at the given line and column and send it again.";
    /// The body is not well-formed XML. `errors` gives line and column.
    MalformedXml = "urn:theriac:problem:malformed-xml", BAD_REQUEST,
        "The body is not well-formed XML", "Correct the XML at the given line and column and send it again.";
    /// The XML declares entities or a document type with content, which are refused unread.
    XmlEntities = "urn:theriac:problem:xml-entities", BAD_REQUEST,
        "The XML declares entities", "Remove the document type declaration; write the characters themselves.";
    /// A path segment, query parameter or header is missing, unknown or malformed; `errors` names it.
    InvalidParameter = "urn:theriac:problem:invalid-parameter", BAD_REQUEST,
        "A parameter is not valid", "Correct the named parameter and send the request again.";
    /// The body is well formed, but fields in it are missing, unknown or not valid; `errors` points at each.
    InvalidField = "urn:theriac:problem:invalid-field", UNPROCESSABLE_ENTITY,
        "Fields of the body are not valid", "Correct the named fields and send the request again.";
    /// The check digit of a GS1 key is not the one computed from its other digits.
    CheckDigit = "urn:theriac:problem:check-digit", UNPROCESSABLE_ENTITY,
        "A check digit is wrong", "Scan or type the identifier again.";
    /// No organisation on the ledger owns the GTIN or its company prefix.
    UnknownGtinOwner = "urn:theriac:problem:unknown-gtin-owner", UNPROCESSABLE_ENTITY,
        "Nobody on the ledger owns this GTIN", "Check the GTIN; ask the governors to add the product's owner.";
    /// The scanned data can be read in several ways, because separators were lost: a reader's fault, not the pack's.
    AmbiguousScan = "urn:theriac:problem:ambiguous-scan", UNPROCESSABLE_ENTITY,
        "The scan can be read in several ways", "Scan the code again; if it stays so, have the scanner's settings checked.";
    /// The product belongs to another organisation, so only that one may make this change.
    ForeignProduct = "urn:theriac:problem:foreign-product", FORBIDDEN,
        "The product belongs to another organisation", "Ask the product's owner to do this.";
    /// The request carries no API key, or one that is unknown, expired or revoked.
    Unauthenticated = "urn:theriac:problem:unauthenticated", UNAUTHORIZED,
        "An API key is needed", "Send `Authorization: Bearer thk_...` with a key that is in force.";
    /// The API key is in force, but lacks the permission that the operation asks for.
    Forbidden = "urn:theriac:problem:forbidden", FORBIDDEN,
        "The API key lacks the permission", "Ask your administrator for a key with the permission named in `detail`.";
    /// There is no such thing, or the caller may not know of it: the two look alike.
    NotFound = "urn:theriac:problem:not-found", NOT_FOUND,
        "Not found", "Check the address and the identifiers in it.";
    /// The address exists, but not with this method; `Allow` lists those it has.
    MethodNotAllowed = "urn:theriac:problem:method-not-allowed", METHOD_NOT_ALLOWED,
        "The method is not allowed here", "Use a method listed in the header `Allow`.";
    /// None of the representations that `Accept` asks for can be given.
    NotAcceptable = "urn:theriac:problem:not-acceptable", NOT_ACCEPTABLE,
        "No acceptable representation", "Accept `application/json`.";
    /// The body did not arrive in time.
    RequestTimeout = "urn:theriac:problem:request-timeout", REQUEST_TIMEOUT,
        "The request took too long to arrive", "Send the request again, over a faster connection or in parts.";
    /// Something with this identifier exists already.
    AlreadyExists = "urn:theriac:problem:already-exists", CONFLICT,
        "It exists already", "Read what is there; use another identifier for something new.";
    /// The change is not allowed in the present state of the pack, lot or shipment; `errors` carries the refusal.
    StateConflict = "urn:theriac:problem:state-conflict", CONFLICT,
        "The present state does not allow this", "Put the pack aside and look at its history before anything else.";
    /// There are as many of these as one client, or the service, may have.
    TooMany = "urn:theriac:problem:too-many", CONFLICT,
        "There are as many as there may be", "Delete what is no longer needed, and try again.";
    /// It exists, but is not final on the ledger yet; nothing is wrong with it.
    NotFinal = "urn:theriac:problem:not-final", CONFLICT,
        "It is not final yet", "Ask again after `Retry-After` seconds.";
    /// The body is larger than this operation takes.
    BodyTooLarge = "urn:theriac:problem:body-too-large", PAYLOAD_TOO_LARGE,
        "The body is too large", "Send it in parts, each under the limit in `detail`.";
    /// The body's media type or content encoding is not one that this operation reads.
    UnsupportedMediaType = "urn:theriac:problem:unsupported-media-type", UNSUPPORTED_MEDIA_TYPE,
        "The media type is not supported", "Send one of the media types named in `detail`.";
    /// The write carries no `Idempotency-Key`, so that repeating it would not be safe.
    IdempotencyKeyMissing = "urn:theriac:problem:idempotency-key-missing", BAD_REQUEST,
        "An Idempotency-Key is needed", "Send a fresh `Idempotency-Key`, and the same one when repeating the request.";
    /// The `Idempotency-Key` was used before by this client, for a different request.
    IdempotencyKeyReuse = "urn:theriac:problem:idempotency-key-reuse", UNPROCESSABLE_ENTITY,
        "The Idempotency-Key belongs to another request", "Use a fresh key for a new request.";
    /// A request with the same `Idempotency-Key` is being worked on.
    IdempotencyKeyInUse = "urn:theriac:problem:idempotency-key-in-use", CONFLICT,
        "The first request with this Idempotency-Key is not finished", "Repeat the request with the same key shortly.";
    /// The client sends more requests than it may; `Retry-After` says when to come back.
    RateLimited = "urn:theriac:problem:rate-limited", TOO_MANY_REQUESTS,
        "Too many requests", "Wait as long as `Retry-After` says.";
    // ---- the service
    /// Something failed inside; the log has the cause under the request id in `instance`.
    Internal = "urn:theriac:problem:internal", INTERNAL_SERVER_ERROR,
        "The service failed", "Report the `instance` to the operator.";
    /// The service cannot reach its database; nothing was changed, or the repeat is recognised by its key.
    Unavailable = "urn:theriac:problem:unavailable", SERVICE_UNAVAILABLE,
        "The service is not available", "Repeat the request with the same Idempotency-Key after `Retry-After` seconds.";
    /// A bounded queue is full; nothing was changed.
    Overloaded = "urn:theriac:problem:overloaded", SERVICE_UNAVAILABLE,
        "The service is overloaded", "Repeat the request after `Retry-After` seconds.";
    /// The service runs, but is not ready to take traffic; `errors` names each failed check.
    NotReady = "urn:theriac:problem:not-ready", SERVICE_UNAVAILABLE,
        "The service is not ready", "Send requests to another replica; look at the failed checks.";
    // ---- EPCIS 2.0 REST binding
    /// EPCIS: a captured document or event is not valid; nothing of it was taken.
    EpcisValidation = "epcisException:ValidationException", BAD_REQUEST,
        "The EPCIS document is not valid", "Correct the faults listed in `errors` and capture the document again.";
    /// EPCIS: the query document is not valid.
    EpcisQueryValidation = "epcisException:QueryValidationException", BAD_REQUEST,
        "The EPCIS query is not valid", "Correct the query and send it again.";
    /// EPCIS: a query parameter is unknown, or its value is not one it can have.
    EpcisQueryParameter = "epcisException:QueryParameterException", BAD_REQUEST,
        "An EPCIS query parameter is not valid", "Correct the named parameter and send the query again.";
    /// EPCIS: schedule or stream of a subscription are not valid.
    EpcisSubscriptionControls = "epcisException:SubscriptionControlsException", BAD_REQUEST,
        "The subscription's controls are not valid", "Give either `stream` or a valid `schedule`.";
    /// EPCIS: this query cannot be subscribed to.
    EpcisSubscribeNotPermitted = "epcisException:SubscribeNotPermittedException", BAD_REQUEST,
        "The query cannot be subscribed to", "Poll the query instead.";
    /// EPCIS: the caller is not known.
    EpcisUnauthenticated = "epcisException:SecurityException", UNAUTHORIZED,
        "An API key is needed", "Send `Authorization: Bearer thk_...` with a key that is in force.";
    /// EPCIS: the caller is known and lacks the permission.
    EpcisForbidden = "epcisException:SecurityException", FORBIDDEN,
        "The API key lacks the permission", "Ask your administrator for a key with the permission named in `detail`.";
    /// EPCIS: there is no such resource, or the caller may not know of it.
    EpcisNoSuchResource = "epcisException:NoSuchResourceException", NOT_FOUND,
        "No such resource", "Check the address and the identifiers in it.";
    /// EPCIS: `Accept` or a `GS1-*` header asks for what cannot be given.
    EpcisNotAcceptable = "epcisException:NotAcceptableException", NOT_ACCEPTABLE,
        "No acceptable representation", "Ask OPTIONS for the versions and formats that are supported.";
    /// EPCIS: a resource of this name, or an event of this ID, exists already.
    EpcisResourceAlreadyExists = "epcisException:ResourceAlreadyExistsException", CONFLICT,
        "The resource exists already", "Read what is there; use another name for something new.";
    /// EPCIS: the capture holds more bytes or events than one call may.
    EpcisCaptureLimitExceeded = "epcisException:CaptureLimitExceededException", PAYLOAD_TOO_LARGE,
        "The capture is too large", "Send the events in several documents, each under the limits that OPTIONS names.";
    /// EPCIS: the query would take too long.
    EpcisQueryTooComplex = "epcisException:QueryTooComplexException", PAYLOAD_TOO_LARGE,
        "The query is too complex", "Narrow the query, for instance by time.";
    /// EPCIS: the query finds more events than `maxEventCount`.
    EpcisQueryTooLarge = "epcisException:QueryTooLargeException", PAYLOAD_TOO_LARGE,
        "The query finds too much", "Narrow the query or raise `maxEventCount`.";
    /// EPCIS: the address of the query is too long.
    EpcisUriTooLong = "epcisException:URITooLongException", URI_TOO_LONG,
        "The address is too long", "Create a named query and run that.";
    /// EPCIS: the media type of the body is not one that can be captured.
    EpcisUnsupportedMediaType = "epcisException:UnsupportedMediaTypeException", UNSUPPORTED_MEDIA_TYPE,
        "The media type is not supported", "Send JSON, JSON-LD or XML.";
    /// EPCIS: the service failed; the log has the cause under the request id in `instance`.
    EpcisImplementation = "epcisException:ImplementationException", INTERNAL_SERVER_ERROR,
        "The service failed", "Report the `instance` to the operator.";
    /// EPCIS: the operation is part of the standard, but not of this service.
    EpcisNotImplemented = "epcisException:ImplementationException", NOT_IMPLEMENTED,
        "The operation is not implemented", "Ask OPTIONS for what is supported.";
}

impl ProblemType {
    /// The type's name without its prefix: `check-digit`, `ValidationException`. Used as a fault's code.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.uri().rsplit(':').next().unwrap_or_else(|| self.uri())
    }

    /// The type of a fault by its code: that of the same name, or `invalid-field`.
    #[must_use]
    pub fn of_fault(code: &str) -> Self {
        const BY_NAME: [ProblemType; 5] = [
            ProblemType::UnknownGtinOwner,
            ProblemType::ForeignProduct,
            ProblemType::MalformedJson,
            ProblemType::MalformedXml,
            ProblemType::XmlEntities,
        ];
        if code == "INCORRECT_CHECK_DIGIT" {
            return Self::CheckDigit;
        }
        BY_NAME.into_iter().find(|kind| kind.name() == code).unwrap_or(Self::InvalidField)
    }

    /// Whether it is one of ours, and not of EPCIS.
    #[must_use]
    pub fn is_ours(self) -> bool {
        self.uri().starts_with("urn:theriac:")
    }

    /// The type of one fault with this code in a problem of this type: that which the code names, or else the problem's
    /// own where it is ours.
    #[must_use]
    pub fn of_fault_in(self, code: &str) -> Self {
        match Self::of_fault(code) {
            Self::InvalidField => match self {
                Self::EpcisQueryParameter => Self::InvalidParameter,
                Self::EpcisResourceAlreadyExists => Self::AlreadyExists,
                Self::EpcisNotAcceptable => Self::NotAcceptable,
                Self::EpcisNoSuchResource => Self::NotFound,
                ours if ours.is_ours() => ours,
                _ => Self::InvalidField,
            },
            named => named,
        }
    }

    /// Whether it says that the request was understood and is refused as things stand: an answer, which a repeated
    /// request is given again.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::StateConflict | Self::AlreadyExists | Self::ForeignProduct | Self::UnknownGtinOwner
        )
    }

    /// The type that the EPCIS REST binding uses for the same thing. Types it knows nothing of stay.
    #[must_use]
    pub const fn in_epcis(self) -> Self {
        match self {
            Self::MalformedJson
            | Self::MalformedXml
            | Self::XmlEntities
            | Self::InvalidField
            | Self::CheckDigit => Self::EpcisValidation,
            Self::InvalidParameter => Self::EpcisQueryParameter,
            Self::Unauthenticated => Self::EpcisUnauthenticated,
            Self::Forbidden => Self::EpcisForbidden,
            Self::NotFound => Self::EpcisNoSuchResource,
            Self::NotAcceptable => Self::EpcisNotAcceptable,
            Self::AlreadyExists => Self::EpcisResourceAlreadyExists,
            Self::BodyTooLarge => Self::EpcisCaptureLimitExceeded,
            Self::UnsupportedMediaType => Self::EpcisUnsupportedMediaType,
            Self::Internal => Self::EpcisImplementation,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_is_an_error_with_a_uri_of_its_own_but_for_those_epcis_shares() {
        let mut seen = BTreeSet::new();
        for kind in ProblemType::ALL {
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
            assert!(seen.insert((kind.uri(), kind.status())), "{} with {} twice", kind.uri(), kind.status());
            assert!(
                kind.uri().starts_with("urn:theriac:problem:") || kind.uri().starts_with("epcisException:")
            );
            assert!(
                !kind.title().is_empty() && kind.next_action().ends_with('.') && !kind.meaning().is_empty()
            );
        }
    }

    #[test]
    fn the_catalogue_for_readers_lists_every_type() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api-conventions.md");
        let page = std::fs::read_to_string(path).unwrap();
        for kind in ProblemType::ALL {
            let row = format!("| `{}` | {} |", kind.uri(), kind.status().as_u16());
            assert!(page.contains(&row), "docs/api-conventions.md lacks the row {row}");
        }
    }
}
