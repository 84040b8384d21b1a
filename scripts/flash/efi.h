/* SPDX-License-Identifier: GPL-3.0-or-later */
/* efi.h: what the BDS driver uses of the UEFI specification 2.10 and of the Platform Initialization
 * specification 1.7A. What it leaves alone stands as a pointer, to keep the tables' layout. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ffs.h"

/* UEFI 2.3.1. The target x86_64-unknown-windows brings UEFI's calling convention (2.3.4) with it. */
typedef uint64_t efi_status_t;
typedef uint64_t efi_uintn_t;
typedef uint64_t efi_physical_address_t;
typedef uint16_t efi_char16_t;
typedef void *efi_handle_t;
typedef void *efi_event_t;

/* UEFI, appendix D */
#define EFI_SUCCESS           0ULL
#define EFI_ERROR(n)          (1ULL << 63 | (n))
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_UNSUPPORTED       EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL  EFI_ERROR(5)

/* UEFI 4.2.1 EFI_TABLE_HEADER */
struct efi_table_header {
        uint64_t signature;
        uint32_t revision;
        uint32_t header_size;
        uint32_t crc32;
        uint32_t reserved;
};

/* UEFI 7.2 EFI_MEMORY_TYPE */
enum efi_memory_type {
        EFI_BOOT_SERVICES_DATA = 4,
        EFI_RUNTIME_SERVICES_DATA = 6,
};

/* UEFI 7.1.1 */
#define EFI_EVENT_NOTIFY_SIGNAL 0x200U
#define EFI_TPL_CALLBACK        8ULL

/* UEFI 7.3.1 EFI_INTERFACE_TYPE, 7.3.15 EFI_LOCATE_SEARCH_TYPE */
#define EFI_NATIVE_INTERFACE   0U
#define EFI_LOCATE_BY_PROTOCOL 2U

/* UEFI 8.5.1 EFI_RESET_TYPE */
#define EFI_RESET_COLD 0U

typedef void (*efi_event_notify_t)(efi_event_t event, void *context);

/* UEFI 4.4.1 EFI_BOOT_SERVICES */
struct efi_boot_services {
        struct efi_table_header header;
        void *raise_tpl, *restore_tpl;
        void *allocate_pages, *free_pages, *get_memory_map;
        efi_status_t (*allocate_pool)(uint32_t memory_type, efi_uintn_t size, void **ret);
        efi_status_t (*free_pool)(void *buffer);
        void *create_event, *set_timer, *wait_for_event;
        efi_status_t (*signal_event)(efi_event_t event);
        efi_status_t (*close_event)(efi_event_t event);
        void *check_event;
        efi_status_t (*install_protocol_interface)(efi_handle_t *handle, const struct guid *protocol,
                                                   uint32_t interface_type, void *interface);
        void *reinstall_protocol_interface, *uninstall_protocol_interface;
        efi_status_t (*handle_protocol)(efi_handle_t handle, const struct guid *protocol, void **ret);
        void *reserved, *register_protocol_notify, *locate_handle, *locate_device_path;
        void *install_configuration_table;
        efi_status_t (*load_image)(bool boot_policy, efi_handle_t parent, const void *device_path,
                                   const void *source, efi_uintn_t size, efi_handle_t *ret);
        efi_status_t (*start_image)(efi_handle_t image, efi_uintn_t *exit_data_size,
                                    efi_char16_t **exit_data);
        void *exit, *unload_image, *exit_boot_services, *get_next_monotonic_count;
        efi_status_t (*stall)(efi_uintn_t usec);
        efi_status_t (*set_watchdog_timer)(efi_uintn_t seconds, uint64_t code, efi_uintn_t data_size,
                                           const efi_char16_t *data);
        efi_status_t (*connect_controller)(efi_handle_t controller, efi_handle_t *drivers,
                                           const void *remaining_device_path, bool recursive);
        void *disconnect_controller, *open_protocol, *close_protocol, *open_protocol_information;
        void *protocols_per_handle;
        efi_status_t (*locate_handle_buffer)(uint32_t search_type, const struct guid *protocol,
                                             const void *search_key, efi_uintn_t *ret_count,
                                             efi_handle_t **ret);
        void *locate_protocol, *install_multiple_protocol_interfaces, *uninstall_multiple_protocol_interfaces;
        efi_status_t (*calculate_crc32)(const void *data, efi_uintn_t size, uint32_t *ret);
        void *copy_mem, *set_mem;
        efi_status_t (*create_event_ex)(uint32_t type, efi_uintn_t notify_tpl, efi_event_notify_t notify,
                                        const void *context, const struct guid *group, efi_event_t *ret);
};

/* UEFI 4.5.1 EFI_RUNTIME_SERVICES */
struct efi_runtime_services {
        struct efi_table_header header;
        void *get_time, *set_time, *get_wakeup_time, *set_wakeup_time;
        void *set_virtual_address_map, *convert_pointer;
        void *get_variable, *get_next_variable_name, *set_variable;
        void *get_next_high_monotonic_count;
        void (*reset_system)(uint32_t type, efi_status_t status, efi_uintn_t data_size, const void *data);
};

/* UEFI 4.3.1 EFI_SYSTEM_TABLE */
struct efi_system_table {
        struct efi_table_header header;
        efi_char16_t *firmware_vendor;
        uint32_t firmware_revision;
        efi_handle_t console_in_handle;
        void *console_in;
        efi_handle_t console_out_handle;
        void *console_out;
        efi_handle_t standard_error_handle;
        void *standard_error;
        struct efi_runtime_services *runtime;
        struct efi_boot_services *boot;
        efi_uintn_t configuration_table_count;
        void *configuration_tables;
};

_Static_assert(offsetof(struct efi_boot_services, create_event_ex) == 368, "UEFI 4.4.1");
_Static_assert(offsetof(struct efi_runtime_services, reset_system) == 104, "UEFI 4.5.1");
_Static_assert(offsetof(struct efi_system_table, boot) == 96, "UEFI 4.3.1");

/* UEFI 9.1 EFI_LOADED_IMAGE_PROTOCOL */
struct efi_loaded_image {
        uint32_t revision;
        efi_handle_t parent;
        struct efi_system_table *system_table;
        efi_handle_t device;
        void *file_path;
        void *reserved;
        uint32_t load_options_size; /* bytes */
        void *load_options;
};

static const struct guid efi_loaded_image_guid = {
        0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

/* UEFI 13.2 EFI_LOAD_FILE2_PROTOCOL */
struct efi_load_file2 {
        efi_status_t (*load_file)(struct efi_load_file2 *self, const void *path, bool boot_policy,
                                  efi_uintn_t *size, void *buffer);
};

static const struct guid efi_load_file2_guid = {
        0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};

/* UEFI 10.3 device path nodes: the header, a media node that is one GUID, the end. */
struct efi_device_path {
        uint8_t type;
        uint8_t subtype;
        uint16_t length;
};

struct efi_media_path {
        struct efi_device_path header;
        struct guid guid;
};

#define EFI_MEDIA_PATH(st, g)                                                                                \
        { {4, (st), sizeof(struct efi_media_path)}, g }
#define EFI_MEDIA_VENDOR 3 /* UEFI 10.3.5.3 */
#define EFI_MEDIA_FILE   6 /* PI 1.7A volume 3, 8.3, a file of a firmware volume */
#define EFI_MEDIA_VOLUME 7 /* PI 1.7A volume 3, 8.2, a firmware volume */
#define EFI_END_PATH                                                                                         \
        { 0x7f, 0xff, sizeof(struct efi_device_path) }

static const struct guid efi_device_path_guid = {
        0x09576e91, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

/* UEFI 14.2 EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL: only connected, never called. */
static const struct guid efi_pci_root_bridge_guid = {
        0x2f707ebb, 0x4a1a, 0x11d4, {0x9a, 0x38, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};

/* PI 1.7A volume 2, 12.2 EFI_BDS_ARCH_PROTOCOL */
struct efi_bds_arch {
        void (*entry)(struct efi_bds_arch *self);
};

static const struct guid efi_bds_arch_guid = {
        0x665e3ff6, 0x46cc, 0x11d4, {0x9a, 0x38, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};

/* PI 1.7A volume 2, 5.1.2.1 EFI_END_OF_DXE_EVENT_GROUP_GUID */
static const struct guid efi_end_of_dxe_guid = {
        0x02ce967a, 0xdd7e, 0x4ffc, {0x9e, 0xe7, 0x81, 0x0c, 0xf0, 0x47, 0x08, 0x80}};

/* PI 1.7A volume 4, 5.1 EFI_DXE_SMM_READY_TO_LOCK_PROTOCOL_GUID */
static const struct guid efi_smm_ready_to_lock_guid = {
        0x60ff8964, 0xe906, 0x41d0, {0xaf, 0xed, 0xf2, 0x41, 0xe9, 0x74, 0xe0, 0x8e}};

/* UEFI 7.1.2 EFI_EVENT_GROUP_READY_TO_BOOT */
static const struct guid efi_ready_to_boot_guid = {
        0x7ce88fb3, 0x4bd7, 0x4679, {0x87, 0xa8, 0xa8, 0xd8, 0xde, 0xe5, 0x0d, 0x2b}};

/* edk2, OvmfPkg/Include/Guid/RootBridgesConnectedEventGroup.h: OVMF takes QEMU's ACPI tables when it comes.
 */
static const struct guid ovmf_root_bridges_connected_guid = {
        0x24a2d66f, 0xeedd, 0x4086, {0x90, 0x42, 0xf2, 0x6e, 0x47, 0x97, 0xee, 0x69}};

/* Linux, Documentation/x86/boot.rst and drivers/firmware/efi/libstub: LINUX_EFI_INITRD_MEDIA_GUID */
#define LINUX_INITRD_GUID                                                                                    \
        {                                                                                                    \
                0x5568e427, 0x68fc, 0x4f3d, {                                                                \
                        0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68                                       \
                }                                                                                            \
        }
