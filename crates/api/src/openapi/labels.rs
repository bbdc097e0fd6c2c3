//! What the document says of labels: either the scan, or the fields one by one.

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::texts::{ExpiryText, GtinText, LotText, SerialText};
use crate::label::PackLabel;

/// A [`PackLabel`] where lot and expiry date are needed as well. Never made.
pub(crate) enum WholeLabel {}

impl PartialSchema for PackLabel {
    fn schema() -> RefOr<Schema> {
        let description =
            "What a label says: the scan, or GTIN and serial number with as much of the rest as was read.";
        let optional = |name: &str| {
            OneOfBuilder::new()
                .item(Ref::from_schema_name(name))
                .item(ObjectBuilder::new().schema_type(Type::Null))
        };
        let fields = fields().property("lot", optional("LotText")).property("expiry", optional("ExpiryText"));
        either(description, fields)
    }
}

impl PartialSchema for WholeLabel {
    fn schema() -> RefOr<Schema> {
        let description = "What the whole label says: the scan, or all of its fields.";
        let fields = fields().property("lot", Ref::from_schema_name("LotText")).required("lot");
        let fields = fields.property("expiry", Ref::from_schema_name("ExpiryText")).required("expiry");
        either(description, fields)
    }
}

fn either(description: &str, fields: ObjectBuilder) -> RefOr<Schema> {
    let scan = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).description(Some(
        "What the scanner sent, with symbology identifier where it sends one: `]d2010952156825120421...`. A GS1 element \
         string, its bracketed form, a GS1 Digital Link or an IFA message.",
    ));
    let scanned = ObjectBuilder::new().title(Some("As scanned")).property("scan", scan).required("scan");
    let only = Some(AdditionalProperties::FreeForm(false));
    let labels = OneOfBuilder::new().description(Some(description));
    labels.item(scanned.additional_properties(only.clone())).item(fields.additional_properties(only)).into()
}

fn fields() -> ObjectBuilder {
    let fields = ObjectBuilder::new().title(Some("As printed"));
    let fields = fields.property("gtin", Ref::from_schema_name("GtinText")).required("gtin");
    fields.property("serial", Ref::from_schema_name("SerialText")).required("serial")
}

impl ToSchema for PackLabel {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        parts(schemas);
    }
}

impl ToSchema for WholeLabel {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        parts(schemas);
    }
}

fn parts(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.extend([
        (GtinText::name().into_owned(), GtinText::schema()),
        (SerialText::name().into_owned(), SerialText::schema()),
        (LotText::name().into_owned(), LotText::schema()),
        (ExpiryText::name().into_owned(), ExpiryText::schema()),
    ]);
}
