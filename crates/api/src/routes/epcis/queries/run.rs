//! Running a named query: a page of events, or a WebSocket of those to come.

use std::sync::Arc;

use actix_web::http::header::{HeaderValue, UPGRADE};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use store::named_query::NamedQuery;
use utoipa::IntoParams;

use super::super::{answer, headers};
use super::{engine, named};
use crate::auth::{Allowed, Client, Permission, permission};
use crate::clock::rfc3339;
use crate::problem::{Fault, Problem, ProblemDocument, ProblemType};
use crate::shared::Shared;
use crate::subscriptions::batch::Interest;
use crate::subscriptions::schedule::ScheduleDocument;
use crate::subscriptions::socket::{Feed, Mode, feed};

/// Which page; or, with `Upgrade: websocket`, when events are sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct Run {
    /// How many events; 30 unless given.
    per_page: Option<String>,
    /// Where the page before ended, from its header `Link`.
    next_page_token: Option<String>,
    /// WebSocket: send events as they are captured.
    stream: Option<bool>,
    /// WebSocket: send them at these seconds. Values as in the `schedule` of a subscription.
    second: Option<String>,
    /// At these minutes.
    minute: Option<String>,
    /// At these hours, UTC.
    hour: Option<String>,
    /// On these days of the month.
    day_of_month: Option<String>,
    /// In these months.
    month: Option<String>,
    /// On these days of the week, 1 for Monday.
    day_of_week: Option<String>,
    /// Whether to tell as well that a turn of the schedule has no events.
    report_if_empty: Option<bool>,
}

impl Run {
    fn schedule(&self) -> ScheduleDocument {
        ScheduleDocument {
            second: self.second.clone(),
            minute: self.minute.clone(),
            hour: self.hour.clone(),
            day_of_month: self.day_of_month.clone(),
            month: self.month.clone(),
            day_of_week: self.day_of_week.clone(),
        }
    }

    /// When a WebSocket is sent events.
    fn mode(&self) -> Result<Mode, Problem> {
        if self.per_page.is_some() || self.next_page_token.is_some() {
            return Err(wrong("perPage", "a WebSocket has no pages"));
        }
        let schedule = self.schedule();
        match (self.stream.unwrap_or(false), schedule.is_empty()) {
            (true, true) => Ok(Mode::Stream),
            (false, false) => {
                let report_if_empty = self.report_if_empty.unwrap_or(false);
                Ok(Mode::Schedule { schedule: Box::new(schedule.schedule("")?), report_if_empty })
            }
            (true, false) => Err(wrong("stream", "`stream` and a schedule exclude each other")),
            (false, true) => Err(wrong("stream", "`stream=true` or a schedule is needed")),
        }
    }

    /// Checks that nothing is asked for that only a WebSocket has.
    fn is_page(&self) -> Result<(), Problem> {
        let listens = self.stream.is_some() || self.report_if_empty.is_some() || !self.schedule().is_empty();
        if listens {
            Err(wrong("stream", "this needs a WebSocket: send `Upgrade: websocket`"))
        } else {
            Ok(())
        }
    }
}

fn wrong(name: &str, message: &str) -> Problem {
    Problem::new(ProblemType::EpcisSubscriptionControls).with_fault(Fault::new("controls", message).at(name))
}

/// Run a named query, or listen to it
///
/// A page of events; or with `Upgrade: websocket` (and the permission `subscribe`) a WebSocket, on which each message is
/// an EPCISQueryDocument of events that were captured after it was opened. The client answers pings, and sends nothing
/// else. `GS1-Query-Min-Record-Time` tells from when on events are sent.
#[utoipa::path(tag = "epcis", operation_id = "run_query", security(("api_key" = ["query"])),
    params(("name" = String, Path, description = "The query's name"), Run),
    responses((status = 200, description = "An EPCISQueryDocument; `Link` leads to the next page", content((Object = "application/json"), (String = "application/xml"))),
    (status = 101, description = "A WebSocket"),
    (status = 409, description = "The client has as many WebSockets as it may", body = ProblemDocument, content_type = "application/problem+json"),
    (status = 413, description = "The query asks for too much", body = ProblemDocument, content_type = "application/problem+json")))]
#[get("/epcis/queries/{name}/events")]
pub async fn run_query(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    name: web::Path<String>,
    run: web::Query<Run>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let query = named(&mut conn, client.id, &name).await?;
    drop(conn);
    if wants_socket(&request) {
        client.require(Permission::Subscribe)?;
        return open(&shared, &request, payload, &client, &query, run.mode()?).await;
    }
    run.is_page()?;
    engine::run(&shared, &request, &client, &query).await
}

fn wants_socket(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case("websocket")))
}

async fn open(
    shared: &web::Data<Shared>,
    request: &HttpRequest,
    payload: web::Payload,
    client: &Client,
    query: &NamedQuery,
    mode: Mode,
) -> Result<HttpResponse, Problem> {
    headers::check(request)?;
    let form = answer::Form::asked(request)?;
    let parsed = engine::subscribable(query)?;
    if shared.is_stopping() {
        return Err(Problem::new(ProblemType::NotReady).retry_after(1));
    }
    let place = shared.subscriptions.sockets.open(shared.new_id(), client.id, query.id)?;
    let since_ms = shared.now_ms();
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let after_seq = store::event::horizon(&mut conn).await?;
    drop(conn);
    let (mut response, session, messages) = actix_ws::handle(request, payload).map_err(|error| {
        let fault = Fault::new("websocket", error).at("Upgrade");
        Problem::new(ProblemType::InvalidParameter).with_fault(fault)
    })?;
    let interest =
        Interest { query: Arc::new(parsed), site: client.site.map(|site| site.as_str().to_owned()) };
    let source = Feed::new(shared.clone(), interest, query.name.clone(), form, mode, after_seq);
    actix_web::rt::spawn(feed(source, session, messages, place));
    let since = HeaderValue::from_str(&rfc3339(since_ms)).map_err(Problem::internal)?;
    response.headers_mut().insert(headers::MIN_RECORD_TIME, since);
    Ok(headers::versioned(response))
}
