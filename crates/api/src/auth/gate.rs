//! The first thing that happens to a request for an operation: who calls, and whether it may. Only then is anything
//! else of the request looked at, so that a stranger learns nothing of what is wrong with it.
//!
//! What an operation asks for is read off the OpenAPI document, which tests hold to the handlers' types. The handlers
//! check it again by [`Allowed`](super::Allowed).

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};

use super::caller;
use crate::parameters;
use crate::problem::Problem;
use crate::shared::Shared;

/// The middleware, inside of [`observe`](crate::observe::observe).
///
/// # Errors
/// Those from inside; a refusal is an answer.
pub(crate) async fn gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match admit(&request).await {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

async fn admit(request: &ServiceRequest) -> Result<(), Problem> {
    let Some(shared) = request.app_data::<web::Data<Shared>>() else {
        return Err(Problem::internal("the service's shared state is not app data"));
    };
    let pattern = crate::observe::pattern(request.request());
    let operation =
        pattern.and_then(|pattern| shared.operations.of_request(&pattern, request.method().as_str()));
    if let Some(needed) = operation.and_then(|operation| operation.needs) {
        let client = caller(shared, request.request()).await?;
        tracing::Span::current().record("client.id", tracing::field::display(client.id));
        // Noted first: a client that is known keeps its connection whatever is answered.
        request.extensions_mut().insert(std::sync::Arc::clone(&client));
        shared.clients.within_rate(client.id)?;
        needed.iter().try_for_each(|permission| client.require(permission))?;
    }
    parameters::check(request.uri(), operation.and_then(|operation| operation.parameters.as_ref()))
}
