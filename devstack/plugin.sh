#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# devstack plugin of cinder_lite. devstack sources this file with the phase in $1 and $2:
#
#   stack install       the package, and the system packages of bindep.txt and of LVM backends
#   stack post-config   cinder_lite.conf, api-paste.ini, rootwrap; accounts and catalogue in Keystone
#   stack extra         the database, LVM's groups, the services, one volume type per backend
#   unstack             the services stop
#   clean               what the phases above wrote goes, the volumes' data included

_XTRACE_CINDER_LITE=$(set +o | grep xtrace)
set +o xtrace

# Services by their devstack names, in the order in which they start.
CINDER_LITE_SERVICES=(cl-api cl-sch cl-vol)

function _cinder_lite_program {
    case "$1" in
        cl-api) echo cinder-lite-api ;;
        cl-sch) echo cinder-lite-scheduler ;;
        cl-vol) echo cinder-lite-volume ;;
    esac
}

function _cinder_lite_url {
    echo "$CINDER_LITE_SERVICE_PROTOCOL://$CINDER_LITE_SERVICE_HOST:$CINDER_LITE_SERVICE_PORT"
}

# is_cinder_lite_enabled: any of the services runs on this node. devstack calls it for
# is_service_enabled cinder_lite.
function is_cinder_lite_enabled {
    local service
    for service in "${CINDER_LITE_SERVICES[@]}"; do
        [[ ,${ENABLED_SERVICES}, =~ ,$service, ]] && return 0
    done
    return 1
}

# The names of the backends of type $1 (file or lvm); without it, of all.
function _cinder_lite_backends {
    local backend
    for backend in ${CINDER_LITE_BACKENDS//,/ }; do
        [[ $backend == *:* ]] || backend=file:$backend
        if [[ -z ${1:-} || ${backend%%:*} == "$1" ]]; then
            echo "${backend##*:}"
        fi
    done
}

function install_cinder_lite {
    local program
    setup_develop -bindep "$CINDER_LITE_DIR" memcached,mysql,postgresql
    # Neither sudo nor rootwrap looks into devstack's virtual environment.
    for program in cinder-lite-copy cinder-lite-rootwrap cinder-lite-rtstool privsep-helper; do
        if [[ $(get_python_exec_prefix) != /usr/local/bin ]]; then
            sudo ln -sf "$(get_python_exec_prefix)/$program" "/usr/local/bin/$program"
        fi
    done
    if [[ -n $(_cinder_lite_backends lvm) ]]; then
        if is_ubuntu; then
            install_package lvm2 thin-provisioning-tools targetcli-fb open-iscsi
        else
            install_package lvm2 device-mapper-persistent-data targetcli iscsi-initiator-utils
        fi
        sudo install -d -m 755 /etc/target
    fi
}

# One section of a backend; $1 is its name.
function _configure_cinder_lite_file {
    iniset "$CINDER_LITE_CONF" "$1" volume_driver cinder_lite.volume.drivers.file.FileDriver
    iniset "$CINDER_LITE_CONF" "$1" volume_backend_name "$1"
    iniset "$CINDER_LITE_CONF" "$1" file_data_dir "$CINDER_LITE_STATE_PATH/$1"
}

function _configure_cinder_lite_lvm {
    iniset "$CINDER_LITE_CONF" "$1" volume_driver cinder_lite.volume.drivers.lvm.LVMVolumeDriver
    iniset "$CINDER_LITE_CONF" "$1" volume_backend_name "$1"
    iniset "$CINDER_LITE_CONF" "$1" volume_group "$VOLUME_GROUP_NAME-$1"
    iniset "$CINDER_LITE_CONF" "$1" lvm_type auto
    iniset "$CINDER_LITE_CONF" "$1" target_helper lioadm
}

function configure_cinder_lite {
    local backends section
    backends=$(_cinder_lite_backends)
    sudo install -d -o "$STACK_USER" -m 755 "$CINDER_LITE_CONF_DIR" "$CINDER_LITE_CONF_DIR/rootwrap.d"
    sudo install -d -o "$STACK_USER" -m 750 "$CINDER_LITE_STATE_PATH"
    cp "$CINDER_LITE_DIR/etc/cinder_lite/api-paste.ini" "$CINDER_LITE_CONF_DIR/"
    # Only root may write what decides about root's commands.
    sudo install -o root -g root -m 644 "$CINDER_LITE_DIR/etc/cinder_lite/rootwrap.conf" "$CINDER_LITE_CONF_DIR/"
    sudo install -o root -g root -m 644 "$CINDER_LITE_DIR"/rootwrap.d/*.filters "$CINDER_LITE_CONF_DIR/rootwrap.d/"

    rm -f "$CINDER_LITE_CONF"
    iniset "$CINDER_LITE_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$CINDER_LITE_CONF" DEFAULT my_ip "$HOST_IP"
    iniset "$CINDER_LITE_CONF" DEFAULT auth_strategy keystone
    iniset "$CINDER_LITE_CONF" DEFAULT api_paste_config "$CINDER_LITE_CONF_DIR/api-paste.ini"
    iniset "$CINDER_LITE_CONF" DEFAULT rootwrap_config "$CINDER_LITE_CONF_DIR/rootwrap.conf"
    iniset "$CINDER_LITE_CONF" DEFAULT state_path "$CINDER_LITE_STATE_PATH"
    iniset "$CINDER_LITE_CONF" DEFAULT osapi_volume_listen "$CINDER_LITE_LISTEN_ADDRESS"
    iniset "$CINDER_LITE_CONF" DEFAULT osapi_volume_listen_port "$CINDER_LITE_SERVICE_PORT"
    iniset "$CINDER_LITE_CONF" DEFAULT osapi_volume_workers "$API_WORKERS"
    iniset "$CINDER_LITE_CONF" DEFAULT service_backend "$CINDER_LITE_SERVICE_BACKEND"
    iniset "$CINDER_LITE_CONF" DEFAULT enabled_backends "${backends//$'\n'/,}"
    iniset "$CINDER_LITE_CONF" database connection "$(database_connection_url "$CINDER_LITE_DATABASE")"
    iniset "$CINDER_LITE_CONF" oslo_concurrency lock_path "$CINDER_LITE_STATE_PATH/lock"
    iniset_rpc_backend cinder_lite "$CINDER_LITE_CONF"
    configure_keystone_authtoken_middleware "$CINDER_LITE_CONF" "$CINDER_LITE_SERVICE_USER"
    setup_logging "$CINDER_LITE_CONF"

    # Nova moves the volumes of servers, and is known by its service token when it ends an attachment.
    iniset "$CINDER_LITE_CONF" keystone_authtoken service_token_roles_required True
    for section in nova service_user; do
        configure_keystone_authtoken_middleware "$CINDER_LITE_CONF" "$CINDER_LITE_SERVICE_USER" "$section"
    done
    iniset "$CINDER_LITE_CONF" nova region_name "$REGION_NAME"
    iniset "$CINDER_LITE_CONF" service_user send_service_user_token True

    local backend
    for backend in $(_cinder_lite_backends file); do
        _configure_cinder_lite_file "$backend"
    done
    for backend in $(_cinder_lite_backends lvm); do
        _configure_cinder_lite_lvm "$backend"
    done
}

# A service user that may check tokens, and the two catalogue types that clients look for.
function create_cinder_lite_accounts {
    create_service_user "$CINDER_LITE_SERVICE_USER" admin
    get_or_create_service cinder block-storage "cinder_lite"
    get_or_create_endpoint block-storage "$REGION_NAME" "$(_cinder_lite_url)/v3"
    get_or_create_service cinderv3 volumev3 "cinder_lite, with the project in the URL"
    get_or_create_endpoint volumev3 "$REGION_NAME" "$(_cinder_lite_url)/v3/\$(project_id)s"
}

function init_cinder_lite {
    recreate_database "$CINDER_LITE_DATABASE"
    "$(get_python_exec_prefix)/cinder-lite-manage" --config-file "$CINDER_LITE_CONF" db sync
}

# devstack's own groups: each on a sparse file of VOLUME_BACKING_FILE_SIZE.
function init_cinder_lite_groups {
    local backend
    for backend in $(_cinder_lite_backends lvm); do
        _create_lvm_volume_group "$VOLUME_GROUP_NAME-$backend" "$VOLUME_BACKING_FILE_SIZE"
    done
}

function start_cinder_lite {
    local service program
    for service in "${CINDER_LITE_SERVICES[@]}"; do
        program=$(get_python_exec_prefix)/$(_cinder_lite_program "$service")
        # run_process itself leaves out what is not enabled on this node.
        run_process "$service" "$program --config-file $CINDER_LITE_CONF"
    done
    if is_service_enabled cl-api; then
        wait_for_service "$SERVICE_TIMEOUT" "$(_cinder_lite_url)" ||
            die $LINENO "cinder-lite-api did not start"
    fi
}

function create_cinder_lite_types {
    local backend
    for backend in $(_cinder_lite_backends); do
        openstack --os-region-name="$REGION_NAME" volume type create \
            --property volume_backend_name="$backend" "$backend"
    done
}

function stop_cinder_lite {
    local service
    for service in "${CINDER_LITE_SERVICES[@]}"; do
        stop_process "$service"
    done
}

# LIO's targets of the volumes in the group $1, which would keep it; other targets of the node stay.
function _end_cinder_lite_exports {
    local mapped=/dev/mapper/${1//-/--}- path
    for path in /sys/kernel/config/target/core/*/*/udev_path; do
        if [[ -e $path && $(cat "$path") == "$mapped"* ]]; then
            path=${path%/udev_path}
            sudo cinder-lite-rtstool delete "${path##*/}"
        fi
    done
}

function cleanup_cinder_lite {
    local backend
    for backend in $(_cinder_lite_backends lvm); do
        _end_cinder_lite_exports "$VOLUME_GROUP_NAME-$backend"
        clean_lvm_volume_group "$VOLUME_GROUP_NAME-$backend"
    done
    sudo rm -rf "$CINDER_LITE_CONF_DIR" "$CINDER_LITE_STATE_PATH"
}

if is_cinder_lite_enabled; then
    case "$1 ${2:-}" in
        "stack install")
            echo_summary "Installing cinder_lite"
            install_cinder_lite
            ;;
        "stack post-config")
            echo_summary "Configuring cinder_lite"
            configure_cinder_lite
            if is_service_enabled cl-api && is_service_enabled keystone; then
                create_cinder_lite_accounts
            fi
            ;;
        "stack extra")
            echo_summary "Starting cinder_lite"
            if is_service_enabled cl-api; then
                init_cinder_lite
            fi
            if is_service_enabled cl-vol; then
                init_cinder_lite_groups
            fi
            start_cinder_lite
            if is_service_enabled cl-api; then
                create_cinder_lite_types
            fi
            ;;
        "unstack ")
            stop_cinder_lite
            ;;
        "clean ")
            cleanup_cinder_lite
            ;;
    esac
fi

$_XTRACE_CINDER_LITE
