#!/bin/sh
# Run once by PostgreSQL's image on a fresh volume: an owner and a database for each service, with
# the passwords in /run/secrets. Nobody but its owner may connect to one.
set -eu

for name in contender mlflow prefect; do
    PASSWORD=$(cat "/run/secrets/${name}_database_password")
    export PASSWORD NAME="$name"
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv name NAME
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE DATABASE mlflow_users OWNER mlflow;
REVOKE ALL ON DATABASE mlflow_users FROM PUBLIC;
SQL
