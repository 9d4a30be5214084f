//! One connection: a thread prepares requests while the one before is on its way.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use narthex_model::{Error, Result, TimestampMs};
use tokio::sync::mpsc;

use super::post::Poster;
use super::template::Template;
use super::{Ack, OnAck, SendOptions};
use crate::{Fleet, Host};

/// Requests that may be ready and not sent.
const READY_MAX: usize = 2;

pub(crate) struct Connection {
    fleet: Fleet,
    hosts: Range<usize>,
    hosts_per_request: usize,
    live: bool,
}

/// A request and what its ack will say.
struct Request {
    body: Bytes,
    ack: Ack,
    /// The latest time of its samples.
    time: TimestampMs,
}

impl Connection {
    pub(crate) fn new(fleet: Fleet, hosts: Range<usize>, options: &SendOptions) -> Self {
        Self {
            fleet,
            hosts,
            hosts_per_request: options.hosts_per_request,
            live: options.live,
        }
    }

    /// Sends all samples of the hosts, in time order.
    pub(crate) async fn run(self, poster: Poster, on_ack: OnAck) -> Result<()> {
        let (ready, mut requests) = mpsc::channel(READY_MAX);
        let live = self.live;
        let prepare = tokio::task::spawn_blocking(move || self.prepare(&ready));
        while let Some(Request { body, ack, time }) = requests.recv().await {
            if live {
                tokio::time::sleep(until(time)).await;
            }
            let at = |e: Error| e.context(format!("scrape {} of hosts {:?}", ack.tick, ack.hosts));
            poster.post(body).await.map_err(at)?;
            on_ack(&ack);
        }
        prepare
            .await
            .map_err(|e| Error::internal("preparing requests failed").with_source(e))?
    }

    /// Makes all requests; ends early when nobody wants them any more.
    fn prepare(&self, ready: &mpsc::Sender<Request>) -> Result<()> {
        let starts = self.hosts.clone().step_by(self.hosts_per_request);
        let end = |start: usize| (start + self.hosts_per_request).min(self.hosts.end);
        let mut groups: Vec<_> = starts
            .map(|start| Group::new(&self.fleet, start..end(start)))
            .collect();
        for tick in 0..self.fleet.options().scrapes {
            for group in &mut groups {
                if ready.blocking_send(group.next(tick)?).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// The hosts of one request.
struct Group {
    range: Range<usize>,
    hosts: Vec<Host>,
    template: Template,
    values: Vec<f64>,
    snappy: snap::raw::Encoder,
}

impl Group {
    fn new(fleet: &Fleet, range: Range<usize>) -> Self {
        let mut template = Template::default();
        for number in range.clone() {
            fleet
                .series(number)
                .iter()
                .for_each(|labels| template.push_series(labels));
        }
        let hosts = range.clone().map(|number| fleet.host(number)).collect();
        let values = Vec::new();
        Self {
            range,
            hosts,
            template,
            values,
            snappy: snap::raw::Encoder::new(),
        }
    }

    fn next(&mut self, tick: usize) -> Result<Request> {
        let mut latest = TimestampMs::MIN;
        for (i, host) in self.hosts.iter_mut().enumerate() {
            let time = host.scrape(&mut self.values);
            latest = latest.max(time);
            self.template
                .fill(i * self.values.len(), time, &self.values);
        }
        let body = self
            .snappy
            .compress_vec(self.template.bytes())
            .map_err(|e| {
                Error::limit("too many hosts in one request: ask for fewer").with_source(e)
            })?;
        let samples = (self.hosts.len() * self.values.len()) as u64;
        let ack = Ack {
            tick,
            hosts: self.range.clone(),
            samples,
        };
        Ok(Request {
            body: body.into(),
            ack,
            time: latest,
        })
    }
}

/// How long it is until `time`.
fn until(time: TimestampMs) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let time = Duration::from_millis(time.unsigned_abs());
    time.saturating_sub(now.unwrap_or_default())
}
