//! Reading the configuration again, on SIGHUP or POST /-/reload.

use narthex_model::Result;

use crate::App;

/// Puts the configuration as it is now into force. If it is wrong, the one before stays.
///
/// # Errors
/// It cannot be read, is wrong, or the server is not ready.
pub(crate) async fn reload(app: &App) -> Result<()> {
    let done = try_reload(app).await;
    match &done {
        Ok(()) => tracing::info!("configuration reloaded"),
        Err(error) => {
            tracing::error!(%error, "configuration not reloaded; the one before stays in force");
        }
    }
    done
}

async fn try_reload(app: &App) -> Result<()> {
    let scraping = &app.store()?.scraping;
    let config = app.config.read()?;
    scraping.apply(&config).await?;
    app.config.accept(&config)
}
