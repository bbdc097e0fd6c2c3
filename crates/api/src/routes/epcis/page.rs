//! A query's events, page by page.

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse};
use epcis::Namespaces;
use epcis::query::EventQuery;
use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Sha3_256};
use store::PgConnection;
use store::event::{Found, Position, Search};
use utoipa::IntoParams;

use super::answer::{self, Form};
use super::filter;
use super::headers;
use super::job::rfc3339;
use super::parameters::{Parameters, wrong};
use crate::auth::Client;
use crate::clock::moment;
use crate::cursor;
use crate::limits::{EVENTS_PER_PAGE_MAX, PAGE_TOKEN_MS};
use crate::problem::{Problem, ProblemType};
use crate::shared::Shared;

/// Events on a page unless asked otherwise (EPCIS 2.0 REST binding).
const PER_PAGE: u32 = 30;

/// How the events of a query are given.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// How many events, 1 to 100; 30 unless given. More are given in pages of 100.
    #[param(rename = "perPage")]
    pub per_page: Option<u32>,
    /// Where the page before ended, from its header `Link`.
    #[param(rename = "nextPageToken")]
    pub next_page_token: Option<String>,
}

/// Where a walk through the pages of a query is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    seq: i64,
    number: String,
    text: String,
    /// The last event that the walk shows at all.
    through: i64,
    /// Events shown before.
    shown: i64,
    expires_ms: i64,
    /// Of which query.
    query: String,
}

type TokenParts = (i64, String, String, i64, i64, i64, String);

impl Token {
    fn write(self) -> Result<String, Problem> {
        let Self { seq, number, text, through, shown, expires_ms, query } = self;
        // The text may hold what cursors do not.
        cursor::write(&(seq, number, hex::encode(text), through, shown, expires_ms, query))
    }

    /// # Errors
    /// `QueryParameterException` for what is no token, or one that has expired.
    fn read(text: &str, now_ms: i64) -> Result<Self, Problem> {
        let none = || wrong("nextPageToken", "this is no token of this service");
        let parts: Option<TokenParts> = cursor::read_from("nextPageToken", Some(text)).map_err(|_| none())?;
        let (seq, number, text, through, shown, expires_ms, query) = parts.ok_or_else(none)?;
        let is_number = number.is_empty()
            || matches!(number.as_str(), "Infinity" | "-Infinity")
            || epcis::Decimal::parse(&number).is_some();
        let text = hex::decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.filter(|text| !text.contains('\0')).ok_or_else(none)?;
        if seq < 0 || through < 0 || shown < 0 || !is_number {
            return Err(none());
        }
        if expires_ms < now_ms {
            return Err(wrong("nextPageToken", "this token has expired; ask again from the first page"));
        }
        Ok(Self { seq, number, text, through, shown, expires_ms, query })
    }
}

/// Whether a text is a token of a page, of whichever query.
pub(super) fn is_token(text: &str, now_ms: u64) -> bool {
    Token::read(text, i64::try_from(now_ms).unwrap_or(i64::MAX)).is_ok()
}

/// How a page is asked for.
struct Paging {
    per_page: u32,
    token: Option<String>,
}

/// Takes the parameters of paging out of those of the query.
fn paging(parameters: &mut Parameters) -> Result<Paging, Problem> {
    let mut take = |name: &str| -> Result<Option<String>, Problem> {
        let Some(at) = parameters.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (_, values) = parameters.remove(at);
        match <[String; 1]>::try_from(values) {
            Ok([value]) if !parameters.iter().any(|(given, _)| given == name) => Ok(Some(value)),
            _ => Err(wrong(name, "one value")),
        }
    };
    let per_page = match take("perPage")? {
        None => PER_PAGE,
        Some(text) => {
            let number = text.parse::<u32>().ok().filter(|number| (1..=1_000_000).contains(number));
            number
                .ok_or_else(|| wrong("perPage", "a whole number from 1 to 1000000"))?
                .min(EVENTS_PER_PAGE_MAX)
        }
    };
    Ok(Paging { per_page, token: take("nextPageToken")? })
}

/// What is read of a query.
struct Read {
    found: Vec<Found>,
    through: u64,
}

/// Answers with a page of a query's events, as far as the client may see them.
///
/// # Errors
/// `QueryParameterException`; `QueryTooLargeException` for more events than the query allows;
/// `QueryTooComplexException` for conditions on master data that stand for too many identifiers.
pub async fn answer(
    shared: &Shared,
    request: &HttpRequest,
    client: &Client,
    mut parameters: Parameters,
    namespaces: Namespaces,
    query_name: &str,
) -> Result<HttpResponse, Problem> {
    headers::check(request)?;
    let form = Form::asked(request)?;
    let Paging { per_page, token } = paging(&mut parameters)?;
    let namespaces = filter::with_captured(&shared.pool, &parameters, namespaces).await?;
    let query = filter::parsed(&parameters, &namespaces)?;
    let fingerprint = fingerprint(request.path(), &query);
    let now_ms = i64::try_from(shared.now_ms()).map_err(Problem::internal)?;
    let token = token.map(|text| Token::read(&text, now_ms)).transpose()?;
    if token.as_ref().is_some_and(|token| token.query != fingerprint) {
        return Err(wrong("nextPageToken", "this token belongs to another query"));
    }
    let site = client.site.as_ref().map(|gln| gln.as_str().to_owned());
    let from = token.clone();
    let read = store::tx(&shared.pool, "query_events", move |conn| {
        let (query, site, from) = (query.clone(), site.clone(), from.clone());
        Box::pin(async move { read(conn, &query, site.as_deref(), from.as_ref(), per_page).await })
    })
    .await?;
    let shown = read.found.get(..per_page as usize).unwrap_or(&read.found);
    let events: Vec<_> = shown.iter().map(|found| found.event.clone()).collect();
    let mut answer = HttpResponse::Ok();
    if let Some(last) = shown.last().filter(|_| read.found.len() > shown.len()) {
        let expires_ms = now_ms.saturating_add(i64::try_from(PAGE_TOKEN_MS).unwrap_or(i64::MAX));
        let before = token.map_or(0, |token| token.shown);
        let next = Token {
            seq: i64::try_from(last.position.seq).map_err(Problem::internal)?,
            number: last.position.number.clone(),
            text: last.position.text.clone(),
            through: i64::try_from(read.through).map_err(Problem::internal)?,
            shown: before.saturating_add(i64::try_from(shown.len()).map_err(Problem::internal)?),
            expires_ms,
            query: fingerprint,
        };
        answer.insert_header((LINK, next_page(request, &next.write()?)));
        let expires = moment(u64::try_from(expires_ms).map_err(Problem::internal)?);
        answer.insert_header((headers::TOKEN_EXPIRES, rfc3339(expires)));
    }
    let body = answer::results(shared, &form, query_name, None, &events)?;
    Ok(headers::versioned(answer.content_type(form.media_type()).body(body)))
}

async fn read(
    conn: &mut PgConnection,
    query: &EventQuery,
    site: Option<&str>,
    token: Option<&Token>,
    per_page: u32,
) -> Result<Read, Problem> {
    let through = match token {
        Some(token) => u64::try_from(token.through).map_err(Problem::internal)?,
        // Before the page is read: what comes later belongs to no page of this walk.
        None => store::event::newest(conn).await?,
    };
    let after = match token {
        Some(token) => Some(Position {
            seq: u64::try_from(token.seq).map_err(Problem::internal)?,
            number: token.number.clone(),
            text: token.text.clone(),
        }),
        None => None,
    };
    let shown = token.map_or(0, |token| token.shown);
    let limit = limit(query, shown, per_page);
    let search = Search { query, site, after: after.as_ref(), through_seq: through, limit };
    if let Some(most) = query.max_event_count.filter(|_| token.is_none()) {
        let count = store::event::count(conn, &search, most.saturating_add(1)).await.map_err(too_complex)?;
        if count > most {
            let detail = format_args!("more than {most} events");
            return Err(Problem::new(ProblemType::EpcisQueryTooLarge).detail(detail));
        }
    }
    Ok(Read { found: store::event::search(conn, &search).await.map_err(too_complex)?, through })
}

/// One event more than the page shows, to know whether there is another; no more than the query's own limit leaves.
fn limit(query: &EventQuery, shown: i64, per_page: u32) -> u32 {
    let page = per_page.saturating_add(1);
    let left =
        query.event_count_limit.map(|most| most.saturating_sub(u64::try_from(shown).unwrap_or_default()));
    left.map_or(page, |left| page.min(u32::try_from(left).unwrap_or(page)))
}

/// A bound of the store that the query has run into.
pub(super) fn too_complex(error: store::Error) -> Problem {
    match error {
        store::Error::OverLimit { what, bound, .. } => {
            let detail = format_args!("more than {bound} {what}");
            Problem::new(ProblemType::EpcisQueryTooComplex).detail(detail)
        }
        error => error.into(),
    }
}

/// Tells a query from others, whatever page of it is asked for. What its prefixes stand for is part of it.
fn fingerprint(path: &str, query: &EventQuery) -> String {
    let digest = Sha3_256::digest(format!("{path} {query:?}"));
    hex::encode(digest.get(..8).unwrap_or_default())
}

/// The `Link` to the next page: this query with another token.
pub(super) fn next_page(request: &HttpRequest, token: &str) -> String {
    let parameters = request.query_string().split('&');
    let kept: Vec<&str> =
        parameters.filter(|part| !part.is_empty() && !part.starts_with("nextPageToken=")).collect();
    let before = kept.join("&");
    let join = if before.is_empty() { "" } else { "&" };
    format!("<{}?{before}{join}nextPageToken={token}>; rel=\"next\"", request.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_until_it_expires() {
        let token = Token {
            seq: 7,
            number: "-12.5".to_owned(),
            text: "é".to_owned(),
            through: 9,
            shown: 3,
            expires_ms: 1_000,
            query: "q".to_owned(),
        };
        let text = token.clone().write().unwrap();
        let read = Token::read(&text, 1_000).unwrap();
        assert_eq!((read.seq, read.number.as_str(), read.text.as_str()), (7, "-12.5", "é"));
        assert!(Token::read(&text, 1_001).is_err());
        for made_up in [Token { seq: -1, ..token.clone() }, Token { number: "x".to_owned(), ..token }] {
            assert!(Token::read(&made_up.write().unwrap(), 0).is_err());
        }
        assert!(Token::read("00", 0).is_err());
    }

    #[test]
    fn the_querys_own_limit_ends_the_walk() {
        let query = EventQuery { event_count_limit: Some(5), ..EventQuery::default() };
        assert_eq!((limit(&query, 0, 3), limit(&query, 3, 3), limit(&query, 5, 3)), (4, 2, 0));
        assert_eq!(limit(&EventQuery::default(), 9, 3), 4);
    }
}
