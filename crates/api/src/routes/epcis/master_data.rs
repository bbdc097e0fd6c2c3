//! Master data: stored with the document that brings them, and queried as SimpleMasterDataQuery has it (EPCIS 2.0
//! sections 7.1 and 8.2.7.2). The REST binding of the standard has no address for that query; this is ours.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, get, web};
use epcis::query::{attribute_name, bounded};
use epcis::{
    Document, DocumentHead, DocumentKind, Format, Header, Limits, Namespaces, Timestamp, Vocabulary,
    XmlVersion,
};
use store::master_data::{MasterData, MasterDataFilter};
use utoipa::IntoParams;

use super::answer::Form;
use super::headers;
use super::page::{next_page, too_complex};
use super::parameters::{self, Parameters, wrong};
use crate::auth::{Allowed, permission};
use crate::cursor;
use crate::intake::key_or_text;
use crate::problem::Problem;
use crate::shared::Shared;

/// Elements on a page unless asked otherwise (EPCIS 2.0 REST binding).
const PER_PAGE: u32 = 30;

/// The elements of a document's master data as they are stored: of each one the last.
#[must_use]
pub fn elements(head: &DocumentHead) -> Vec<MasterData> {
    let mut elements = BTreeMap::new();
    // The head alone: of a large document it is not copied with all its master data for each of them.
    let bare = DocumentHead {
        kind: DocumentKind::Capture,
        schema_version: head.schema_version.clone(),
        creation_date: head.creation_date.clone(),
        id: None,
        header: Header::default(),
        namespaces: head.namespaces.clone(),
        extensions: epcis::Extensions::new(),
    };
    let key = |uri: &str| bounded(&key_or_text(uri)).into_owned();
    for vocabulary in &head.header.vocabularies {
        for element in &vocabulary.elements {
            let id = key(&element.id);
            let vocabulary_type = bounded(&vocabulary.vocabulary_type).into_owned();
            let alone = Vocabulary {
                elements: vec![element.clone()],
                vocabulary_type: vocabulary.vocabulary_type.clone(),
            };
            let header = Header { vocabularies: vec![alone], ..Header::default() };
            let document = DocumentHead { header, ..bare.clone() };
            let attributes = element.attributes.iter().map(|attribute| {
                let value = bounded(attribute.value.as_text().unwrap_or_default()).into_owned();
                (attribute_name(&attribute.id, &head.namespaces), value)
            });
            let row = MasterData {
                vocabulary_type: vocabulary_type.clone(),
                id: id.clone(),
                body: document.to_json_around([""; 0]),
                attributes: attributes.collect(),
                children: element.children.iter().map(|child| key(child)).collect(),
            };
            elements.insert((vocabulary_type, id), row);
        }
    }
    elements.into_values().collect()
}

/// The query of master data. Values of one parameter are alternatives, separated by `|`; different parameters all hold.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MasterDataParameters {
    /// Vocabulary types, such as `urn:epcglobal:epcis:vtype:BusinessLocation`.
    #[param(rename = "vocabularyName")]
    pub vocabulary_name: Option<String>,
    /// Whether attributes are given; `true` unless told otherwise.
    #[param(rename = "includeAttributes")]
    pub include_attributes: Option<bool>,
    /// Whether children are given; `true` unless told otherwise.
    #[param(rename = "includeChildren")]
    pub include_children: Option<bool>,
    /// Names of the attributes that are given; all unless told otherwise.
    #[param(rename = "attributeNames")]
    pub attribute_names: Option<String>,
    /// Identifiers, in any spelling.
    #[param(rename = "EQ_name")]
    pub names: Option<String>,
    /// Identifiers, and what lies below them by their children.
    #[param(rename = "WD_name")]
    pub within: Option<String>,
    /// Names of attributes, one of which an element has.
    #[param(rename = "HASATTR")]
    pub has: Option<String>,
    /// More elements than this are an error.
    #[param(rename = "maxElementCount")]
    pub max_element_count: Option<u64>,
    /// How many elements, 1 to 1000; 30 unless given.
    #[param(rename = "perPage")]
    pub per_page: Option<u32>,
    /// Where the page before ended, from its header `Link`.
    #[param(rename = "nextPageToken")]
    pub next_page_token: Option<String>,
}

/// What is asked for, and what of it is shown.
struct Asked {
    filter: MasterDataFilter,
    shows_attributes: bool,
    shows_children: bool,
    /// Names of the attributes that are shown; empty: all.
    attributes: BTreeSet<String>,
    max_element_count: Option<u32>,
}

fn asked(parameters: Parameters, namespaces: &Namespaces) -> Result<Asked, Problem> {
    let mut asked = Asked {
        filter: MasterDataFilter { limit: PER_PAGE, ..MasterDataFilter::default() },
        shows_attributes: true,
        shows_children: true,
        attributes: BTreeSet::new(),
        max_element_count: None,
    };
    let mut seen = BTreeSet::new();
    for (name, values) in parameters {
        if !seen.insert(name.clone()) {
            return Err(wrong(&name, "given twice; alternatives are joined by |"));
        }
        if values.iter().any(String::is_empty) {
            return Err(wrong(&name, "at least one value, and none that is empty"));
        }
        let one = || match values.as_slice() {
            [one] => Ok(one.as_str()),
            _ => Err(wrong(&name, "one value")),
        };
        let truth = || match one()? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(wrong(&name, "true or false")),
        };
        let number = || one()?.parse::<u32>().map_err(|_| wrong(&name, "a whole number"));
        let keys = || values.iter().map(|value| bounded(&key_or_text(value)).into_owned()).collect();
        match name.as_str() {
            "vocabularyName" => {
                asked.filter.vocabulary_types =
                    values.iter().map(|value| bounded(value).into_owned()).collect();
            }
            "includeAttributes" => asked.shows_attributes = truth()?,
            "includeChildren" => asked.shows_children = truth()?,
            "attributeNames" => {
                asked.attributes = values.iter().map(|value| attribute_name(value, namespaces)).collect()
            }
            "EQ_name" => asked.filter.ids = keys(),
            "WD_name" => asked.filter.within = keys(),
            "HASATTR" => {
                asked.filter.has = values.iter().map(|value| attribute_name(value, namespaces)).collect()
            }
            "maxElementCount" => asked.max_element_count = Some(number()?.clamp(1, 10_000)),
            "perPage" => asked.filter.limit = cursor::limit_from("perPage", number()?)?,
            "nextPageToken" => asked.filter.after = cursor::read_from("nextPageToken", Some(one()?))?,
            other => match other.strip_prefix("EQATTR_").filter(|attribute| !attribute.is_empty()) {
                Some(attribute) => asked.filter.attributes.push((
                    attribute_name(attribute, namespaces),
                    values.iter().map(|value| bounded(value).into_owned()).collect(),
                )),
                None => return Err(wrong(other, "there is no such parameter")),
            },
        }
    }
    Ok(asked)
}

/// Query master data
///
/// What captured documents said of places, products and parties, by type and identifier; the newest of each. Further
/// parameters `EQATTR_<attribute>` ask for values of attributes.
#[utoipa::path(tag = "epcis", operation_id = "query_master_data", security(("api_key" = ["query"])),
    params(MasterDataParameters, parameters::FurtherParameters),
    responses((status = 200, description = "An EPCISDocument whose header has the vocabularies",
        content((Object = "application/json"), (String = "application/xml"))),
    (status = 413, description = "The query asks for too much", body = crate::problem::ProblemDocument, content_type = "application/problem+json")))]
#[get("/epcis/masterData")]
pub async fn query_master_data(
    _: Allowed<permission::Query>,
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let form = Form::asked(&request)?;
    let namespaces = parameters::namespaces(&request, None)?;
    let asked = asked(parameters::of_query(request.query_string())?, &namespaces)?;
    let per_page = asked.filter.limit;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    if let Some(most) = asked.max_element_count.filter(|_| asked.filter.after.is_none()) {
        let counted = MasterDataFilter { limit: most.saturating_add(1), after: None, ..asked.filter.clone() };
        let count = store::master_data::search(&mut conn, &counted).await.map_err(too_complex)?.len();
        if count > most as usize {
            let problem = Problem::new(crate::problem::ProblemType::EpcisQueryTooLarge);
            return Err(problem.detail(format_args!("more than {most} elements")));
        }
    }
    let filter = MasterDataFilter { limit: per_page.saturating_add(1), ..asked.filter.clone() };
    let found = store::master_data::search(&mut conn, &filter).await.map_err(too_complex)?;
    let shown = found.get(..per_page as usize).unwrap_or(&found);
    let mut answer = HttpResponse::Ok();
    if let Some((kind, id, _)) = shown.last().filter(|_| found.len() > shown.len()) {
        answer.insert_header((LINK, next_page(&request, &cursor::write(&(kind, id))?)));
    }
    let body = document(&shared, &form, &asked, shown)?;
    Ok(headers::versioned(answer.content_type(form.media_type()).body(body)))
}

/// One document of all elements.
fn document(
    shared: &Shared,
    form: &Form,
    asked: &Asked,
    rows: &[(String, String, String)],
) -> Result<String, Problem> {
    let now = i64::try_from(shared.now_ms()).map_err(Problem::internal)?;
    let now = Timestamp::from_unix_millis(now).ok_or_else(|| Problem::internal("a time no calendar has"))?;
    let mut head = DocumentHead::capture(now);
    for (kind, id, body) in rows {
        let limits = Limits { document_bytes_max: body.len(), ..Limits::default() };
        let read = Document::parse(body.as_bytes(), Format::Json, &limits).map_err(|faults| {
            Problem::internal(format!("master data of {id} do not read back: {faults:?}"))
        })?;
        for (prefix, namespace) in read.head.namespaces.iter() {
            if head.namespaces.namespace(prefix).is_none() {
                head.namespaces.bind(prefix, namespace);
            }
        }
        for mut element in read.head.header.vocabularies.into_iter().flat_map(|one| one.elements) {
            let shows = |name: &str| {
                asked.attributes.is_empty()
                    || asked.attributes.contains(&attribute_name(name, &head.namespaces))
            };
            element.attributes.retain(|attribute| asked.shows_attributes && shows(&attribute.id));
            element.children.retain(|_| asked.shows_children);
            match head.header.vocabularies.last_mut().filter(|last| last.vocabulary_type == *kind) {
                Some(vocabulary) => vocabulary.elements.push(element),
                None => {
                    let vocabulary = Vocabulary { vocabulary_type: kind.clone(), elements: vec![element] };
                    head.header.vocabularies.push(vocabulary);
                }
            }
        }
    }
    let document = Document { head, events: Vec::new() };
    match form.format {
        Format::Json => Ok(document.to_json()),
        Format::Xml => document.to_xml(XmlVersion::V2_0).map_err(|_| {
            headers::unacceptable(
                &actix_web::http::header::ACCEPT,
                "master data hold what XML cannot; ask for JSON",
            )
        }),
    }
}
