//! Scrape loops against real HTTP servers on loopback, with a clock moved by hand.

mod reload;
mod scrape;
mod support;
