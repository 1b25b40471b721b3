# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options of images: where Glance is, and how images become volumes and back."""

from __future__ import annotations

from oslo_config import cfg

GROUP = "glance"
"""The section that says as whom Glance is called where no user's token will do."""

OPTS = [
    cfg.ListOpt(
        "glance_api_servers",
        help="URLs of Glance's API, such as http://127.0.0.1:9292; they are tried in turn. Without "
        "any, the caller's service catalogue is searched for glance_catalog_info.",
    ),
    cfg.StrOpt(
        "glance_catalog_info",
        default="image:glance:publicURL",
        help="What to look for in the service catalogue: type, name and interface of the service.",
    ),
    cfg.IntOpt(
        "glance_num_retries",
        default=3,
        min=0,
        help="How often a request to Glance that could not be sent, or met a server in trouble, "
        "is tried again.",
    ),
    cfg.IntOpt(
        "glance_request_timeout",
        help="Seconds to wait for Glance's answer; without it, for ever.",
    ),
    cfg.BoolOpt(
        "glance_api_insecure",
        default=False,
        help="Accept any certificate of Glance's API.",
    ),
    cfg.StrOpt("glance_ca_certificates_file", help="CA certificates for Glance's API."),
    cfg.StrOpt("glance_certfile", help="Client certificate for Glance's API."),
    cfg.StrOpt("glance_keyfile", help="Key of the client certificate for Glance's API."),
    cfg.StrOpt(
        "image_conversion_dir",
        default="$state_path/conversion",
        help="Directory in which images are kept while they are checked and converted.",
    ),
    cfg.IntOpt(
        "image_conversion_cpu_limit",
        default=60,
        min=1,
        help="The most CPU seconds that one run of qemu-img may take.",
    ),
    cfg.IntOpt(
        "image_conversion_address_space_limit",
        default=1,
        min=1,
        help="The most memory, in GiB of address space, that one run of qemu-img may take.",
    ),
    cfg.BoolOpt(
        "image_conversion_disable",
        default=False,
        help="Make volumes of raw images only, and upload volumes as raw images only.",
    ),
    cfg.ListOpt(
        "vmdk_allowed_types",
        default=["streamOptimized", "monolithicSparse"],
        help="Types of VMDK images that are accepted; others may name files outside the image.",
    ),
    cfg.BoolOpt(
        "enable_force_upload",
        default=False,
        help="Let a volume that is in use be uploaded as an image, where the request asks for it.",
    ),
    cfg.ListOpt(
        "glance_core_properties",
        default=[
            "checksum",
            "container_format",
            "disk_format",
            "image_name",
            "image_id",
            "min_disk",
            "min_ram",
            "name",
            "size",
        ],
        help="Image metadata of a volume that an image made of it does not inherit as properties.",
    ),
    cfg.ListOpt(
        "reserved_image_namespaces",
        default=[],
        help="How names of image metadata begin, beside os_glance, img_signature and "
        "signature_verified, that an image made of a volume does not inherit as properties.",
    ),
    cfg.StrOpt(
        "verify_glance_signatures",
        default="enabled",
        choices=[
            ("disabled", "signatures are not looked at"),
            ("enabled", "a volume is made of an image with a signature only if that is right"),
        ],
        help="Check the signatures of images (img_signature and its companions) with certificates "
        "of the key manager.",
    ),
    cfg.ListOpt(
        "allowed_direct_url_schemes",
        default=[],
        help="Schemes of image locations whose data is taken without Glance: 'cinder' clones the "
        "volume that holds a raw image, on the volume's own backend; 'file' reads the image's file "
        "on this node. Glance must show the locations to the caller, or to the user of section "
        "[glance].",
    ),
    cfg.StrOpt(
        "cinder_internal_tenant_project_id",
        help="Project that owns the volumes of the image volume cache, and those that images "
        "consist of (image_upload_use_internal_tenant).",
    ),
    cfg.StrOpt(
        "cinder_internal_tenant_user_id",
        help="User that owns the volumes of that project.",
    ),
]

GLANCE_OPTS = [
    cfg.StrOpt(
        "region_name",
        help="Region of Glance's endpoint, for a Keystone that has more than one.",
    ),
]
