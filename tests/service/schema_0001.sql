BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE job_log (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	line TEXT NOT NULL, 
	progress INTEGER NOT NULL, 
	result INTEGER, 
	cause VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	pages INTEGER NOT NULL, 
	pages_confirmed INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "job_log" VALUES(1,1,1000000,'job id 1, direction 1, progress 0, result -: accepted',0,NULL,'','accepted',0,0,0);
INSERT INTO "job_log" VALUES(2,2,2000000,'job id 2, direction 1, progress 0, result -: accepted',0,NULL,'','accepted',0,0,0);
INSERT INTO "job_log" VALUES(3,2,3000000,'job id 2, direction 1, progress 3, result 1: cancelled before it was sent',3,1,'cancelled','cancelled before it was sent',0,0,0);
CREATE TABLE job_pages (
	job_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	width_px INTEGER NOT NULL, 
	height_px INTEGER NOT NULL, 
	resolution VARCHAR(16) NOT NULL, 
	bad_rows INTEGER NOT NULL, 
	confirmed_at BIGINT, 
	attempt INTEGER, 
	PRIMARY KEY (job_id, number), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	direction INTEGER NOT NULL, 
	progress INTEGER NOT NULL, 
	result INTEGER, 
	number VARCHAR(64) NOT NULL, 
	caller VARCHAR(64) NOT NULL, 
	remote_id VARCHAR(64) NOT NULL, 
	document_name VARCHAR(255) NOT NULL, 
	resolution VARCHAR(16) NOT NULL, 
	pages INTEGER NOT NULL, 
	pages_confirmed INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	attempt_open BOOLEAN NOT NULL, 
	attempt_first INTEGER NOT NULL, 
	cancelled BOOLEAN NOT NULL, 
	cause VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	finished_at BIGINT, 
	heard_at BIGINT, 
	due BIGINT, 
	owner VARCHAR(128) NOT NULL, 
	lease BIGINT, 
	heartbeat BIGINT, 
	fence INTEGER NOT NULL, 
	trace_id VARCHAR(64) NOT NULL, 
	original_blob VARCHAR(128), 
	pages_blob VARCHAR(128), 
	fax_key VARCHAR(255), 
	taken_at BIGINT
);
INSERT INTO "jobs" VALUES(1,1,0,NULL,'201','','','letter.pdf','STANDARD',0,0,0,0,0,0,'','accepted',1000000,NULL,NULL,1000000,'',NULL,NULL,0,'fax-1','blob-1',NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(2,1,3,1,'+49302010','','','note.pdf','STANDARD',0,0,0,0,0,1,'cancelled','cancelled before it was sent',2000000,3000000,NULL,NULL,'',NULL,NULL,0,'case-7','blob-2',NULL,NULL,NULL);
CREATE INDEX jobs_due ON jobs (due);
CREATE INDEX ix_jobs_fax_key ON jobs (fax_key);
CREATE INDEX job_log_job ON job_log (job_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',2);
COMMIT;
