//! Tables by name: a table per metric in schema `metrics`, tables about the store in schema `narthex`.
//!
//! Names are looked up in the snapshot when they are asked for, so a metric costs nothing until a statement names it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProviderList, SchemaProvider, TableProvider,
};
use datafusion::common::Result;
use datafusion::logical_expr::TableType;
use narthex_engine::Snapshot;
use narthex_model::{METRIC_NAME, Matcher, TimeRange};
use narthex_table::{MetricTable, SystemTable, external};

use crate::made::{Made, MadeTable, MadeTables};

/// The one catalog.
pub(crate) const CATALOG: &str = "narthex";
/// The schema with a table per metric.
pub(crate) const METRICS_SCHEMA: &str = "metrics";
const SYSTEM_SCHEMA: &str = "narthex";

/// The catalogs of a session over `snapshot`.
pub(crate) fn list(snapshot: &Snapshot, made: &MadeTables) -> Arc<dyn CatalogProviderList> {
    let list = MemoryCatalogProviderList::new();
    list.register_catalog(
        CATALOG.to_owned(),
        Arc::new(Catalog {
            snapshot: snapshot.clone(),
            made: made.clone(),
        }),
    );
    Arc::new(list)
}

struct Catalog {
    snapshot: Snapshot,
    made: MadeTables,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catalog")
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        vec![METRICS_SCHEMA.to_owned(), SYSTEM_SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let snapshot = self.snapshot.clone();
        match name {
            METRICS_SCHEMA => Some(Arc::new(MetricsSchema { snapshot })),
            SYSTEM_SCHEMA => Some(Arc::new(SystemSchema {
                snapshot,
                made: self.made.clone(),
            })),
            _ => None,
        }
    }
}

/// A table per metric.
struct MetricsSchema {
    snapshot: Snapshot,
}

impl fmt::Debug for MetricsSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsSchema")
    }
}

impl MetricsSchema {
    fn contains(&self, name: &str) -> narthex_model::Result<bool> {
        let metric = [Matcher::equal(METRIC_NAME, name)];
        Ok(!self
            .snapshot
            .label_names(&metric, TimeRange::ALL)?
            .is_empty())
    }
}

#[async_trait]
impl SchemaProvider for MetricsSchema {
    fn table_names(&self) -> Vec<String> {
        // The trait has no room for an error here; whoever reads a table of a damaged store meets it then.
        self.snapshot
            .label_values(METRIC_NAME, &[], TimeRange::ALL)
            .unwrap_or_default()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if name.is_empty() || !self.contains(name).map_err(external)? {
            return Ok(None);
        }
        let table = MetricTable::new(self.snapshot.clone(), name).map_err(external)?;
        Ok(Some(Arc::new(table)))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self
            .contains(name)
            .map_err(external)?
            .then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        !name.is_empty() && self.contains(name).unwrap_or(false)
    }
}

/// Tables about the store, and those that somebody else brought.
struct SystemSchema {
    snapshot: Snapshot,
    made: MadeTables,
}

impl SystemSchema {
    fn made(&self) -> impl Iterator<Item = &Arc<dyn MadeTable>> {
        self.made.get().into_iter().flatten()
    }
}

impl fmt::Debug for SystemSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemSchema")
    }
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        let made = self.made().map(|table| table.name());
        let names = SystemTable::NAMES.into_iter().chain(made);
        names.map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(made) = self.made().find(|table| table.name() == name) {
            return Ok(Some(Arc::new(Made(made.clone()))));
        }
        let table = SystemTable::named(self.snapshot.clone(), name);
        Ok(table.map(|table| Arc::new(table) as Arc<dyn TableProvider>))
    }

    fn table_exist(&self, name: &str) -> bool {
        SystemTable::NAMES.contains(&name) || self.made().any(|table| table.name() == name)
    }
}
