//! Routes that are in the document of the API (`/v2/openapi.json`) because they are routes: what a handler takes and
//! answers is read off its signature, so that there is no way to add one without the other.

mod answer;
mod argument;
mod document;
mod operation;

use std::convert::Infallible;

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::Method,
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{MethodFilter, MethodRouter, Route, on},
};
use tower::{Layer, Service};

pub(super) use self::{
    answer::{Answer, Created},
    argument::Argument,
    document::Document,
    operation::{Access, Operation},
};
use super::idempotency;
use crate::state::State;

/// Routes and what the document says of them.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<State>,
    operations: Vec<Operation>,
}

/// What a path answers, method by method.
pub(super) struct Methods {
    router: MethodRouter<State>,
    operations: Vec<Operation>,
}

/// A handler whose signature can be described.
pub(super) trait Described<T>: Handler<T, State> {
    /// Adds what the signature tells.
    fn describe(operation: &mut Operation);
}

impl Routes {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a path exactly as it stands there.
    pub(super) fn route(mut self, path: &str, methods: Methods) -> Self {
        self.router = self.router.route(path, methods.router);
        self.note(path, methods.operations)
    }

    /// Adds a path whose trailing slash may be left out, as on nearly every route of Deis.
    pub(super) fn slashed(mut self, path: &str, methods: Methods) -> Self {
        self.router = self.router.route(path, methods.router.clone()).route(&format!("{path}/"), methods.router);
        self.note(path, methods.operations)
    }

    fn note(mut self, path: &str, operations: Vec<Operation>) -> Self {
        self.operations.extend(operations.into_iter().map(|operation| operation.at(path)));
        self
    }

    /// Adds those of another file.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    /// Lets `layer` have each request for the routes that are here by now.
    pub(super) fn route_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<
                Request,
                Error: Into<Infallible> + 'static,
                Response: IntoResponse + 'static,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
    {
        self.router = self.router.route_layer(layer);
        self
    }

    /// Lets what changes something by the routes that are here be sent twice and done once.
    pub(super) fn idempotent(mut self, state: &State) -> Self {
        for operation in self.operations.iter_mut().filter(|operation| operation.method() != Method::GET) {
            operation.takes_a_key();
        }
        self.route_layer(from_fn_with_state(state.clone(), idempotency::once))
    }

    /// The routes, and the document of all of them.
    pub(super) fn documented(self) -> (Router<State>, Document) {
        let document = Document::of(&self.operations);
        (self.router, document)
    }
}

/// Answers GET.
pub(super) fn get<H: Described<T>, T: 'static>(summary: &'static str, handler: H) -> Methods {
    Methods { router: MethodRouter::new(), operations: Vec::new() }.get(summary, handler)
}

/// Answers POST.
pub(super) fn post<H: Described<T>, T: 'static>(summary: &'static str, handler: H) -> Methods {
    Methods { router: MethodRouter::new(), operations: Vec::new() }.post(summary, handler)
}

/// Answers DELETE.
pub(super) fn delete<H: Described<T>, T: 'static>(summary: &'static str, handler: H) -> Methods {
    Methods { router: MethodRouter::new(), operations: Vec::new() }.delete(summary, handler)
}

impl Methods {
    /// Answers GET, too.
    pub(super) fn get<H: Described<T>, T: 'static>(self, summary: &'static str, handler: H) -> Self {
        self.on((MethodFilter::GET, Method::GET), summary, handler)
    }

    /// Answers POST, too.
    pub(super) fn post<H: Described<T>, T: 'static>(self, summary: &'static str, handler: H) -> Self {
        self.on((MethodFilter::POST, Method::POST), summary, handler)
    }

    /// Answers DELETE, too.
    pub(super) fn delete<H: Described<T>, T: 'static>(self, summary: &'static str, handler: H) -> Self {
        self.on((MethodFilter::DELETE, Method::DELETE), summary, handler)
    }

    fn on<H: Described<T>, T: 'static>(
        mut self,
        (filter, method): (MethodFilter, Method),
        summary: &'static str,
        handler: H,
    ) -> Self {
        let mut operation = Operation::new(method, summary);
        H::describe(&mut operation);
        self.operations.push(operation);
        self.router = self.router.merge(on(filter, handler));
        self
    }

    /// Says what the signature of the handler named last does not: a status that only its body knows, a query.
    pub(super) fn with(mut self, describe: impl FnOnce(&mut Operation)) -> Self {
        if let Some(operation) = self.operations.last_mut() {
            describe(operation);
        }
        self
    }

    /// The handler named last may refuse with these statuses.
    pub(super) fn may_refuse<const N: usize>(self, statuses: [u16; N]) -> Self {
        self.with(|operation| statuses.into_iter().for_each(|status| operation.refuses(status)))
    }
}

macro_rules! described {
    ($($argument:ident),*) => {
        impl<F, Fut, M, $($argument),*> Described<(M, $($argument,)*)> for F
        where
            F: FnOnce($($argument),*) -> Fut + Handler<(M, $($argument,)*), State>,
            Fut: Future<Output: Answer>,
            $($argument: Argument,)*
        {
            fn describe(operation: &mut Operation) {
                $($argument::describe(operation);)*
                <Fut::Output as Answer>::describe(operation);
            }
        }
    };
}

described!(A);
described!(A, B);
described!(A, B, C);
described!(A, B, C, D);
described!(A, B, C, D, E);
described!(A, B, C, D, E, G);

/// A handler that takes nothing.
impl<F, Fut> Described<((),)> for F
where
    F: FnOnce() -> Fut + Handler<((),), State>,
    Fut: Future<Output: Answer>,
{
    fn describe(operation: &mut Operation) {
        <Fut::Output as Answer>::describe(operation);
    }
}
