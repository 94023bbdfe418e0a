//! Stores the shortened links on disk, with redb. All methods block.

use std::{collections::HashMap, path::Path};

use metrics_core::{counted, metrics, timed};
use redb::{
    Database, Error, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
};

use crate::link::{Slug, Target};

metrics! {
    /// Stored links.
    static STORED: Gauge = "shortener_links";
}

pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Store, Error> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        let stored = transaction.open_table(LINKS)?.len()?;
        transaction.commit()?;
        STORED.set(i64::try_from(stored).unwrap_or(i64::MAX));
        Ok(Store { database })
    }

    /// Stores a new link under a random unused slug.
    #[timed]
    #[counted]
    pub(crate) fn insert(&self, target: &Target) -> Result<Slug, Error> {
        let transaction = self.database.begin_write()?;
        let slug = {
            let mut links = transaction.open_table(LINKS)?;
            let mut slug = Slug::random();
            while links.get(slug.as_str())?.is_some() {
                slug = Slug::random();
            }
            links.insert(slug.as_str(), (target.url(), 0))?;
            slug
        };
        transaction.commit()?;
        STORED.inc();
        Ok(slug)
    }

    /// The URL of a slug and its hits.
    #[timed]
    #[counted]
    pub(crate) fn read(&self, slug: &Slug) -> Result<Option<(String, u64)>, Error> {
        let links = self.database.begin_read()?.open_table(LINKS)?;
        let Some(link) = links.get(slug.as_str())? else {
            return Ok(None);
        };
        let (url, hits) = link.value();
        Ok(Some((url.to_owned(), hits)))
    }

    /// Adds hits to links, except removed ones.
    #[timed]
    #[counted]
    pub(crate) fn add_hits(&self, added: &HashMap<Slug, u64>) -> Result<(), Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut links = transaction.open_table(LINKS)?;
            for (slug, added) in added {
                let link = links.get(slug.as_str())?.map(|link| {
                    let (url, hits) = link.value();
                    (url.to_owned(), hits)
                });
                if let Some((url, hits)) = link {
                    links.insert(slug.as_str(), (url.as_str(), hits + added))?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Removes a link; returns whether it existed.
    #[timed]
    #[counted]
    pub(crate) fn remove(&self, slug: &Slug) -> Result<bool, Error> {
        let transaction = self.database.begin_write()?;
        let existed = transaction
            .open_table(LINKS)?
            .remove(slug.as_str())?
            .is_some();
        transaction.commit()?;
        if existed {
            STORED.dec();
        }
        Ok(existed)
    }
}

/// Maps a slug to its URL and hits.
const LINKS: TableDefinition<&str, (&str, u64)> = TableDefinition::new("links");
