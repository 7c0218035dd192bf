//! That every handler states who may call it.

use actix_web::FromRequest;

/// Who may call a route: an extractor that refuses everybody else.
pub trait Permission: FromRequest {
    /// The word for it in lists of routes.
    const NAME: &'static str;
}

/// The arguments of a handler whose first one is a [`Permission`]. Extractors run in their order: who may not call it
/// learns nothing about the others.
#[diagnostic::on_unimplemented(
    message = "this handler does not say who may call it",
    note = "its first argument is to be a permission: `Viewer`, `Operator`, `Admin` or `Public`"
)]
pub trait Guarded {
    /// Who may call it.
    type By: Permission;
}

macro_rules! guarded {
    ($($argument:ident)*) => {
        impl<P: Permission, $($argument),*> Guarded for (P, $($argument,)*) {
            type By = P;
        }
    };
}

guarded! {}
guarded! { A }
guarded! { A B }
guarded! { A B C }
guarded! { A B C D }
guarded! { A B C D E }
