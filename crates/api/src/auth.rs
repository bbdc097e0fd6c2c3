//! Who calls, and what it may do: API keys, permissions, rate limits.
//!
//! A handler names the permission it needs in its type, `Allowed<permission::Capture>`, so that none is forgotten.

mod clients;
mod gate;
mod key;
pub mod permission;

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use futures::future::{Either, LocalBoxFuture, Ready, ready};
use gs1::Gln;
use uuid::Uuid;

pub use clients::Clients;
pub(crate) use gate::gate;
pub use key::{ApiKey, KeyHash};
pub use permission::{Permission, Permissions, Required};

use crate::problem::{Problem, ProblemType};
use crate::shared::Shared;

/// A known caller: one program, scanner or line of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its identifier.
    pub id: Uuid,
    /// What the organisation calls it.
    pub name: String,
    /// The place it works at, where it is bound to one.
    pub site: Option<Gln>,
    /// What it may do.
    pub permissions: Permissions,
}

impl Client {
    /// # Errors
    /// `forbidden`, naming the permission, when the client lacks it.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.permissions.contains(permission) {
            return Ok(());
        }
        let needed = format_args!("the permission `{}` is needed", permission.name());
        Err(Problem::new(ProblemType::Forbidden).detail(needed))
    }
}

/// Who calls, by the key that the request carries.
async fn caller(shared: &Shared, request: &HttpRequest) -> Result<Arc<Client>, Problem> {
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let Some(hash) = header.and_then(KeyHash::of_header) else {
        return Err(Problem::new(ProblemType::Unauthenticated));
    };
    match shared.clients.remembered(&hash) {
        Some(client) => Ok(client),
        None => {
            let from = request.peer_addr().map(|address| address.ip());
            shared.clients.look_up(&shared.pool, hash, from).await
        }
    }
}

/// A caller that holds permission `P`, extracted from the request. Dereferences to the [`Client`].
#[derive(Debug, Clone)]
pub struct Allowed<P: Required> {
    client: Arc<Client>,
    permission: PhantomData<P>,
}

impl<P: Required> Deref for Allowed<P> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl<P: Required> Allowed<P> {
    /// The place the client works at.
    ///
    /// # Errors
    /// `forbidden` when it is bound to none: such a client cannot receive, ship or dispense.
    pub fn site(&self) -> Result<Gln, Problem> {
        let needed = "the client is bound to no site (GLN)";
        self.client.site.ok_or_else(|| Problem::new(ProblemType::Forbidden).detail(needed))
    }

    fn admit(client: Arc<Client>) -> Result<Self, Problem> {
        tracing::Span::current().record("client.id", tracing::field::display(client.id));
        client.require(P::PERMISSION)?;
        Ok(Self { client, permission: PhantomData })
    }
}

impl<P: Required> FromRequest for Allowed<P> {
    type Error = Problem;
    type Future = Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(shared) = request.app_data::<web::Data<Shared>>() else {
            return Either::Left(ready(Err(Problem::internal("the service's shared state is not app data"))));
        };
        if let Some(client) = request.extensions().get::<Arc<Client>>() {
            // The gate has counted the request.
            return Either::Left(ready(Self::admit(Arc::clone(client))));
        }
        let (shared, request) = (shared.clone(), request.clone());
        Either::Right(Box::pin(async move {
            let client = caller(&shared, &request).await?;
            shared.clients.within_rate(client.id)?;
            Self::admit(client)
        }))
    }
}
