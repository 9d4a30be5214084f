//! How somebody is asked over HTTP, as the configuration says: one client for scraping, discovery and Alertmanagers.

mod client;
mod oauth2;
mod redirects;
mod tls;

pub use client::{Answers, HttpClient, explain};
