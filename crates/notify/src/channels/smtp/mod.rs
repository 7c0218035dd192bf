//! Mail, over SMTP or into a folder: one mail to one recipient at a time, and what the server's reply means. It keeps
//! connections open for the next mail; it keeps no mail.

mod charset;
mod connection;
mod extensions;
mod fault;
mod folder;
mod hello_name;
mod idn;
mod mailbox;
mod message;
mod notifier;
mod pool;
mod refusal;
mod reply;
mod server;
mod settings;
mod sign_in;
mod tls;
mod url;

pub use self::settings::SmtpSettings;

#[cfg(test)]
mod tests;
