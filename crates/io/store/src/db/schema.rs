//! The tables as they are made. A migration that was released is never changed: a new one follows it.

/// Statements of each migration, in the SQL that SQLite and PostgreSQL share.
pub(super) const MIGRATIONS: [&[&str]; 1] = [&[
    "CREATE TABLE listings (\
         show_id BIGINT NOT NULL,\
         revision INTEGER NOT NULL,\
         summary TEXT NOT NULL,\
         performers TEXT NOT NULL,\
         genre TEXT NOT NULL,\
         minutes INTEGER NOT NULL,\
         time_zone TEXT NOT NULL,\
         warning TEXT NOT NULL,\
         age INTEGER NOT NULL,\
         poster TEXT,\
         currency TEXT NOT NULL,\
         fee_basis_points INTEGER NOT NULL,\
         fee_fixed BIGINT NOT NULL,\
         tax_name TEXT NOT NULL,\
         tax_basis_points INTEGER NOT NULL,\
         tax_included BOOLEAN NOT NULL,\
         seats INTEGER,\
         taken INTEGER NOT NULL,\
         sales TEXT NOT NULL,\
         PRIMARY KEY (show_id), CHECK (taken >= 0), CHECK (seats IS NULL OR taken <= seats))",
    "CREATE TABLE ticket_kinds (\
         id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         name TEXT NOT NULL,\
         description TEXT NOT NULL,\
         price BIGINT NOT NULL,\
         pay_what_you_want BOOLEAN NOT NULL,\
         replay BOOLEAN NOT NULL,\
         face_to_face BOOLEAN NOT NULL,\
         seats INTEGER,\
         taken INTEGER NOT NULL,\
         on_sale BOOLEAN NOT NULL,\
         position INTEGER NOT NULL,\
         PRIMARY KEY (id), CHECK (taken >= 0), CHECK (seats IS NULL OR taken <= seats))",
    "CREATE INDEX ticket_kinds_show_id ON ticket_kinds (show_id)",
    "CREATE TABLE promos (\
         id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         code TEXT NOT NULL,\
         percent INTEGER,\
         amount BIGINT,\
         uses INTEGER,\
         used INTEGER NOT NULL,\
         until BIGINT,\
         PRIMARY KEY (id))",
    "CREATE INDEX promos_show_id ON promos (show_id)",
    "CREATE UNIQUE INDEX promos_code ON promos (show_id, code)",
    "CREATE TABLE shares (\
         id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         name TEXT NOT NULL,\
         email TEXT NOT NULL,\
         basis_points INTEGER NOT NULL,\
         code TEXT NOT NULL,\
         PRIMARY KEY (id))",
    "CREATE INDEX shares_show_id ON shares (show_id)",
    "CREATE UNIQUE INDEX shares_code ON shares (code)",
    "CREATE TABLE orders (\
         id BIGINT NOT NULL,\
         code TEXT NOT NULL,\
         show_id BIGINT NOT NULL,\
         once TEXT NOT NULL,\
         state TEXT NOT NULL,\
         email TEXT NOT NULL,\
         name TEXT NOT NULL,\
         lang TEXT NOT NULL,\
         promo_id BIGINT,\
         currency TEXT NOT NULL,\
         prices BIGINT NOT NULL,\
         discount BIGINT NOT NULL,\
         fees BIGINT NOT NULL,\
         tax BIGINT NOT NULL,\
         tax_included BOOLEAN NOT NULL,\
         total BIGINT NOT NULL,\
         provider TEXT NOT NULL,\
         checkout TEXT,\
         payment TEXT,\
         created_at BIGINT NOT NULL,\
         held_until BIGINT NOT NULL,\
         paid_at BIGINT,\
         PRIMARY KEY (id))",
    "CREATE UNIQUE INDEX orders_code ON orders (code)",
    "CREATE INDEX orders_show_id ON orders (show_id)",
    "CREATE UNIQUE INDEX orders_once ON orders (show_id, once)",
    "CREATE INDEX orders_email ON orders (email)",
    "CREATE UNIQUE INDEX orders_checkout ON orders (checkout)",
    "CREATE TABLE order_lines (\
         order_id BIGINT NOT NULL,\
         position INTEGER NOT NULL,\
         kind_id BIGINT NOT NULL,\
         name TEXT NOT NULL,\
         quantity INTEGER NOT NULL,\
         unit BIGINT NOT NULL,\
         PRIMARY KEY (order_id, position))",
    "CREATE TABLE tickets (\
         id BIGINT NOT NULL,\
         code TEXT NOT NULL,\
         order_id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         kind_id BIGINT NOT NULL,\
         state TEXT NOT NULL,\
         net BIGINT NOT NULL,\
         fees BIGINT NOT NULL,\
         tax BIGINT NOT NULL,\
         seat_version INTEGER NOT NULL,\
         PRIMARY KEY (id))",
    "CREATE UNIQUE INDEX tickets_code ON tickets (code)",
    "CREATE INDEX tickets_order_id ON tickets (order_id)",
    "CREATE INDEX tickets_show_id ON tickets (show_id)",
    "CREATE TABLE transfers (\
         key TEXT NOT NULL,\
         at BIGINT NOT NULL,\
         debit TEXT NOT NULL,\
         credit TEXT NOT NULL,\
         amount BIGINT NOT NULL,\
         currency TEXT NOT NULL,\
         show_id BIGINT,\
         order_id BIGINT,\
         PRIMARY KEY (key), CHECK (amount > 0), CHECK (debit <> credit))",
    "CREATE INDEX transfers_debit ON transfers (debit)",
    "CREATE INDEX transfers_credit ON transfers (credit)",
    "CREATE INDEX transfers_show_id ON transfers (show_id)",
    "CREATE TABLE refunds (\
         id BIGINT NOT NULL,\
         order_id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         amount BIGINT NOT NULL,\
         currency TEXT NOT NULL,\
         payment TEXT NOT NULL,\
         provider TEXT NOT NULL,\
         reason TEXT NOT NULL,\
         state TEXT NOT NULL,\
         why TEXT NOT NULL,\
         created_at BIGINT NOT NULL,\
         next_at BIGINT NOT NULL,\
         tries INTEGER NOT NULL,\
         round INTEGER NOT NULL,\
         PRIMARY KEY (id))",
    "CREATE INDEX refunds_order_id ON refunds (order_id)",
    "CREATE INDEX refunds_show_id ON refunds (show_id)",
    "CREATE INDEX refunds_state ON refunds (state)",
    "CREATE TABLE payment_events (\
         provider TEXT NOT NULL,\
         id TEXT NOT NULL,\
         at BIGINT NOT NULL,\
         PRIMARY KEY (provider, id))",
    "CREATE TABLE letters (\
         id BIGINT NOT NULL,\
         kind TEXT NOT NULL,\
         order_id BIGINT,\
         refund_id BIGINT,\
         token TEXT,\
         to_address TEXT NOT NULL,\
         lang TEXT NOT NULL,\
         state TEXT NOT NULL,\
         tries INTEGER NOT NULL,\
         next_at BIGINT NOT NULL,\
         created_at BIGINT NOT NULL,\
         subject TEXT NOT NULL,\
         text TEXT NOT NULL,\
         html TEXT NOT NULL,\
         PRIMARY KEY (id))",
    "CREATE INDEX letters_state ON letters (state)",
    "CREATE INDEX letters_created_at ON letters (created_at)",
    "CREATE TABLE staff (\
         id BIGINT NOT NULL,\
         email TEXT NOT NULL,\
         name TEXT NOT NULL,\
         role TEXT NOT NULL,\
         password TEXT NOT NULL,\
         PRIMARY KEY (id))",
    "CREATE UNIQUE INDEX staff_email ON staff (email)",
    "CREATE TABLE sessions (\
         token TEXT NOT NULL,\
         staff_id BIGINT,\
         email TEXT,\
         expires_at BIGINT NOT NULL,\
         PRIMARY KEY (token))",
    "CREATE INDEX sessions_staff_id ON sessions (staff_id)",
    "CREATE TABLE sign_in_links (\
         token TEXT NOT NULL,\
         email TEXT NOT NULL,\
         expires_at BIGINT NOT NULL,\
         PRIMARY KEY (token))",
    "CREATE TABLE ratings (\
         ticket_id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         stars INTEGER NOT NULL,\
         liked BOOLEAN NOT NULL,\
         PRIMARY KEY (ticket_id))",
    "CREATE INDEX ratings_show_id ON ratings (show_id)",
    "CREATE TABLE looks (\
         show_id BIGINT NOT NULL,\
         count BIGINT NOT NULL,\
         PRIMARY KEY (show_id))",
    "CREATE TABLE consents (\
         id BIGINT NOT NULL,\
         show_id BIGINT NOT NULL,\
         ticket_id BIGINT,\
         at BIGINT NOT NULL,\
         PRIMARY KEY (id))",
    "CREATE INDEX consents_show_id ON consents (show_id)",
    "CREATE TABLE audit (\
         id BIGINT NOT NULL,\
         at BIGINT NOT NULL,\
         who TEXT NOT NULL,\
         what TEXT NOT NULL,\
         on_what TEXT NOT NULL,\
         show_id BIGINT,\
         PRIMARY KEY (id))",
    "CREATE INDEX audit_at ON audit (at)",
    "CREATE INDEX audit_show_id ON audit (show_id)",
]];
