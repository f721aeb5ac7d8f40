-- Whether map points are geographies of PostGIS too: a question of how the database was migrated.
SELECT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = 'map_point'::regclass AND attname = 'geog' AND NOT attisdropped
)
