//! Reading the configuration again, on SIGHUP or POST /-/reload.

use std::sync::Arc;

use narthex_model::{Error, Result};

use crate::App;
use crate::retention::{exemplars_max, retention};

/// Puts the configuration as it is now into force. If it is wrong, the one before stays. Once begun it is done, even if whoever asked for it
/// goes away; who asks meanwhile has to wait.
///
/// # Errors
/// It cannot be read, is wrong, or the server is not ready.
pub(crate) async fn reload(app: &Arc<App>) -> Result<()> {
    let app = app.clone();
    let done = tokio::spawn(async move { in_turn(&app).await }).await;
    let ended = |e| Error::internal("reloading ended early").with_source(e);
    done.unwrap_or_else(|e| Err(ended(e)))
}

async fn in_turn(app: &App) -> Result<()> {
    let _turn = app.config.turn().await;
    let done = try_reload(app).await;
    match &done {
        Ok(()) => tracing::info!("configuration reloaded"),
        Err(error) => {
            app.config.refuse();
            tracing::error!(%error, "configuration not reloaded; the one before stays in force");
        }
    }
    done
}

async fn try_reload(app: &App) -> Result<()> {
    let store = app.store()?;
    let config = app.config.read()?;
    let retention = retention(&app.settings.flags, &config)?;
    let mut promises = store.slos.read().await?;
    let rules = store
        .ruling
        .read(&config, std::mem::take(&mut promises.groups))?;
    store.scraping.apply(&config).await?;
    store.engine.set_retention(retention)?;
    store.slos.apply(promises).await?;
    store.ruling.apply(rules, &config).await;
    store.engine.set_exemplars_max(exemplars_max(&config));
    app.config.accept(&config)
}
