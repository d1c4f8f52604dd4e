CREATE TABLE changes (
	subject VARCHAR(64) NOT NULL, 
	moves INTEGER NOT NULL, 
	PRIMARY KEY (subject)
);
CREATE TABLE decisions (
	seq INTEGER NOT NULL, 
	decision_id VARCHAR(40) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	version VARCHAR(32), 
	verdict VARCHAR(32), 
	generation INTEGER, 
	test_set_id VARCHAR(64), 
	look INTEGER, 
	artifact_digest VARCHAR(64), 
	created_at VARCHAR(32) NOT NULL, 
	record TEXT NOT NULL, 
	prev_hash VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT one_champion_a_generation UNIQUE (model, generation), 
	CONSTRAINT one_decision_a_look UNIQUE (test_set_id, look), 
	UNIQUE (decision_id), 
	UNIQUE (prev_hash), 
	UNIQUE (hash)
);
CREATE TABLE feed_lines (
	line_id VARCHAR(64) NOT NULL, 
	message_id VARCHAR(128) NOT NULL, 
	position INTEGER NOT NULL, 
	description TEXT NOT NULL, 
	quantity FLOAT NOT NULL, 
	audio TEXT, 
	prediction TEXT, 
	read BOOLEAN NOT NULL, 
	received_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (line_id)
);
CREATE TABLE feedback (
	feedback_id VARCHAR(40) NOT NULL, 
	prediction_id VARCHAR(40) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	actual TEXT NOT NULL, 
	reviewer VARCHAR(128) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (feedback_id)
);
CREATE TABLE job_parts (
	job_id VARCHAR(40) NOT NULL, 
	first_row INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	file VARCHAR(128) NOT NULL, 
	PRIMARY KEY (job_id, first_row)
);
CREATE TABLE jobs (
	job_id VARCHAR(40) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	asked TEXT NOT NULL, 
	champion TEXT, 
	holder VARCHAR(128), 
	attempts INTEGER NOT NULL, 
	rows_total INTEGER, 
	rows_done INTEGER NOT NULL, 
	rows_refused INTEGER NOT NULL, 
	seconds FLOAT NOT NULL, 
	error TEXT, 
	created_at VARCHAR(32) NOT NULL, 
	started_at VARCHAR(32), 
	finished_at VARCHAR(32), 
	PRIMARY KEY (job_id)
);
CREATE TABLE labels (
	label_id VARCHAR(40) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	value VARCHAR(256) NOT NULL, 
	pool VARCHAR(8) NOT NULL, 
	shown TEXT NOT NULL, 
	reviewer VARCHAR(128) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (label_id)
);
CREATE TABLE leases (
	name VARCHAR(128) NOT NULL, 
	holder VARCHAR(128) NOT NULL, 
	host VARCHAR(128) NOT NULL, 
	pid INTEGER NOT NULL, 
	started_at VARCHAR(64) NOT NULL, 
	expires_at FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE predictions (
	prediction_id VARCHAR(40) NOT NULL, 
	request_id VARCHAR(64) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	decision_id VARCHAR(40) NOT NULL, 
	generation INTEGER NOT NULL, 
	instance TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (prediction_id)
);
CREATE TABLE rollout_disagreements (
	rollout_id VARCHAR(40) NOT NULL, 
	request VARCHAR(40) NOT NULL, 
	instance TEXT NOT NULL, 
	champion_answer TEXT NOT NULL, 
	challenger_answer TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (rollout_id, request)
);
CREATE TABLE rollout_limits (
	rollout_id VARCHAR(40) NOT NULL, 
	latency_limit_ms FLOAT NOT NULL, 
	PRIMARY KEY (rollout_id)
);
CREATE TABLE rollout_totals (
	rollout_id VARCHAR(40) NOT NULL, 
	worker_id VARCHAR(64) NOT NULL, 
	stage INTEGER NOT NULL, 
	arm VARCHAR(16) NOT NULL, 
	counts TEXT NOT NULL, 
	written_at FLOAT NOT NULL, 
	PRIMARY KEY (rollout_id, worker_id, stage, arm)
);
CREATE TABLE rollout_units (
	rollout_id VARCHAR(40) NOT NULL, 
	request VARCHAR(40) NOT NULL, 
	unit VARCHAR(64) NOT NULL, 
	PRIMARY KEY (rollout_id, request)
);
CREATE TABLE serving_preparations (
	worker_id VARCHAR(64) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	generation INTEGER NOT NULL, 
	decision_id VARCHAR(40) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	note TEXT NOT NULL, 
	said_at FLOAT NOT NULL, 
	PRIMARY KEY (worker_id, model)
);
CREATE TABLE serving_processes (
	worker_id VARCHAR(64) NOT NULL, 
	host VARCHAR(128) NOT NULL, 
	pid INTEGER NOT NULL, 
	started_at VARCHAR(64) NOT NULL, 
	seen_at FLOAT NOT NULL, 
	PRIMARY KEY (worker_id)
);
CREATE TABLE serving_switches (
	model VARCHAR(128) NOT NULL, 
	generation INTEGER NOT NULL, 
	decision_id VARCHAR(40) NOT NULL, 
	switch_at FLOAT NOT NULL, 
	PRIMARY KEY (model)
);
CREATE TABLE serving_workers (
	worker_id VARCHAR(64) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	generation INTEGER NOT NULL, 
	decision_id VARCHAR(40) NOT NULL, 
	confirmed_at VARCHAR(32) NOT NULL, 
	seen_at FLOAT NOT NULL, 
	PRIMARY KEY (worker_id, model)
);
CREATE TABLE test_sets (
	test_set_id VARCHAR(64) NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	source_key VARCHAR(64) NOT NULL, 
	generation INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	rows INTEGER NOT NULL, 
	manifest TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (test_set_id), 
	CONSTRAINT one_test_set_a_generation UNIQUE (model, source_key, generation)
);
CREATE INDEX decisions_of_kind ON decisions (kind, model, seq);
CREATE INDEX decisions_of_model ON decisions (model, seq);
CREATE INDEX feed_by_time ON feed_lines (received_at);
CREATE INDEX feedback_of_model ON feedback (model, created_at);
CREATE INDEX feedback_of_prediction ON feedback (prediction_id);
CREATE INDEX jobs_by_state ON jobs (state, created_at);
CREATE INDEX labels_of_text ON labels (model, "key", created_at);
CREATE INDEX predictions_of_model ON predictions (model, created_at);
