#!/bin/sh
# MLflow behind its own sign-in: brings the database up to date, then serves.
# MLFLOW_BACKEND_STORE_URI and MLFLOW_AUTH_DATABASE_URL are addresses of two databases; the first
# user is MLFLOW_AUTH_ADMIN_USERNAME with MLFLOW_AUTH_ADMIN_PASSWORD.
set -eu
umask 077

settings=/tmp/mlflow-auth.ini
{
    echo "[mlflow]"
    echo "default_permission = NO_PERMISSIONS"
    # A password is hashed slowly on purpose, and our services ask each second.
    echo "auth_cache_ttl_seconds = 60"
    # A per cent sign is an escape in such a file.
    printf 'database_uri = %s\n' "$(printf '%s' "$MLFLOW_AUTH_DATABASE_URL" | sed 's/%/%%/g')"
} > "$settings"
export MLFLOW_AUTH_CONFIG_PATH="$settings"
unset MLFLOW_AUTH_DATABASE_URL

# `mlflow db upgrade` wants the address as an argument, where a list of processes would show it.
python -c "import os; from mlflow.db import upgrade; upgrade([os.environ['MLFLOW_BACKEND_STORE_URI']])"
exec mlflow server --app-name basic-auth --host 0.0.0.0 --port 5000 --workers 1 \
    --artifacts-destination "${MLFLOW_ARTIFACTS_DESTINATION:-/srv/mlflow}"
